// Makes users on a server that somebody else runs, with the rights that users.json gives them. It may run again: what is listed is made as it is there; a user
// that an earlier run made and that is no longer listed loses its rights; nothing else is touched.
// Run it with mongosh --nodb; it reads MONGODB_URL, ADMIN_USER, ADMIN_PASSWORD and the passwords of the users from the environment.
const { env } = process;
const wanted = JSON.parse(fs.readFileSync(`${__dirname}/users.json`, 'utf8'));

function connect() {
  const url = env.MONGODB_URL.replace('://', `://${encodeURIComponent(env.ADMIN_USER)}:${encodeURIComponent(env.ADMIN_PASSWORD)}@`);
  for (let tries = 1; ; tries += 1) {
    try {
      return new Mongo(url).getDB('admin');
    } catch (error) {
      if (tries === 60 || error.codeName === 'AuthenticationFailed') {
        throw error;
      }
      sleep(5000);
    }
  }
}

const admin = connect();

for (const { role, db: name, collection } of wanted.roles) {
  const privileges = [{ resource: { db: name, collection }, actions: ['insert', 'update', 'remove'] }];
  const known = admin.getRole(role);
  admin.runCommand({ [known ? 'updateRole' : 'createRole']: role, privileges, roles: [] });
}

for (const user of wanted.users) {
  const known = admin.getUser(user.name);
  const result = admin.runCommand({
    [known ? 'updateUser' : 'createUser']: user.name,
    pwd: env[user.password],
    roles: user.roles,
    customData: { platc: wanted.group },
  });
  if (!result.ok) {
    throw new Error(`${user.name}: ${result.errmsg}`);
  }
  print(`user ${user.name}`);
}

const names = wanted.users.map((user) => user.name);
for (const { user, customData } of admin.runCommand({ usersInfo: 1, filter: { 'customData.platc': wanted.group } }).users) {
  if (customData?.platc === wanted.group && !names.includes(user)) {
    admin.runCommand({ updateUser: user, roles: [] });
    print(`${user} has no rights any more`);
  }
}
