import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * Does what Strimzi's topic and user operators do. Reads lines of tab-separated words from stdin:
 * "topic NAME PARTITIONS REPLICAS KEY=VALUE...", "user NAME PASSWORD",
 * "acl USER TYPE NAME PATTERN OPERATION". What is there already stays as it is.
 */
public class Strimzi {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", arguments[0]);
        Set<AclBinding> wanted = new HashSet<>();
        int made = 0;
        try (Admin admin = Admin.create(properties)) {
            Set<String> topics = admin.listTopics().names().get();
            List<UserScramCredentialAlteration> users = new ArrayList<>();
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                String[] word = line.split("\t");
                switch (word[0]) {
                    case "topic" -> made += topic(admin, topics, word);
                    case "user" -> users.add(new UserScramCredentialUpsertion(
                        word[1], new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), word[2]));
                    case "acl" -> wanted.add(new AclBinding(
                        new ResourcePattern(
                            ResourceType.fromString(word[2]), word[3], PatternType.valueOf(word[4].toUpperCase(Locale.ROOT))),
                        new AccessControlEntry(
                            "User:" + word[1], "*", AclOperation.fromString(word[5]), AclPermissionType.ALLOW)));
                    default -> throw new IllegalArgumentException(line);
                }
            }
            admin.alterUserScramCredentials(users).all().get();
            Set<AclBinding> there = new HashSet<>(admin.describeAcls(AclBindingFilter.ANY).values().get());
            Set<AclBinding> missing = new HashSet<>(wanted);
            missing.removeAll(there);
            admin.createAcls(missing).all().get();
            List<AclBindingFilter> extra = new ArrayList<>();
            for (AclBinding binding : there) {
                if (!wanted.contains(binding)) {
                    extra.add(binding.toFilter());
                }
            }
            admin.deleteAcls(extra).all().get();
            System.out.println(made + " topics and " + missing.size() + " ACLs made, " + extra.size() + " removed");
        }
    }

    private static int topic(Admin admin, Set<String> there, String[] word) throws Exception {
        Map<String, String> settings = new HashMap<>();
        for (int i = 4; i < word.length; i++) {
            int at = word[i].indexOf('=');
            settings.put(word[i].substring(0, at), word[i].substring(at + 1));
        }
        if (!there.contains(word[1])) {
            NewTopic topic = new NewTopic(word[1], Integer.parseInt(word[2]), Short.parseShort(word[3]));
            admin.createTopics(List.of(topic.configs(settings))).all().get();
            return 1;
        }
        List<AlterConfigOp> changes = new ArrayList<>();
        settings.forEach((key, value) ->
            changes.add(new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET)));
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, word[1]);
        admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
        return 0;
    }
}
