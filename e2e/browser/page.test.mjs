// What a reader does with the page, in Chromium. PLATC_WORK is the folder that run.sh has made.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const work = process.env.PLATC_WORK;
const shots = process.env.PLATC_SHOTS;
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
let browser;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  if (shots) mkdirSync(shots, { recursive: true });
});
after(() => browser?.close());

// open shows a file, and holds it to loading nothing and reporting nothing.
async function open(t, file, { colorScheme = "light" } = {}) {
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 }, colorScheme, bypassCSP: true }); // axe is put into the page
  const wrong = [];
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && wrong.push(m.text()));
  page.on("pageerror", (e) => wrong.push(e.message));
  page.on("request", (r) => r.url() !== `file://${join(work, file)}` && wrong.push(`asks for ${r.url()}`));
  t.after(async () => {
    await page.close();
    assert.deepEqual(wrong, []);
  });
  await page.goto(`file://${join(work, file)}`);
  return page;
}
const graph = (name) => JSON.parse(readFileSync(join(work, `${name}.json`), "utf8"));
const ask = (name, ...args) => JSON.parse(execFileSync(join(work, "platc"), [...args, "--json", join(work, name, "arch.cue")], { stdio: ["ignore", "pipe", "ignore"] }));
const components = (name) => graph(name).nodes.filter((n) => n.parent === "").map((n) => n.id).sort();
const seen = (page, selector) => page.locator(`#stage svg:not(.tips):not([hidden]) ${selector}`);
const idsOf = async (page, selector) => [...new Set(await seen(page, selector).evaluateAll((all) => all.map((b) => b.dataset.id)))].sort();
const viewBox = (page) => page.evaluate(() => document.querySelector("#stage svg:not(.tips):not([hidden])").getAttribute("viewBox").split(" ").map(Number));
const choose = async (page, name) => {
  await page.fill("#search", name);
  await page.press("#search", "Enter");
};
async function clean(page, what) {
  await page.addScriptTag({ path: axe });
  // Of what is in order it need not say where: of 300 components that takes minutes.
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] }));
  assert.deepEqual(found.violations.map((v) => `${what}: ${v.id}: ${v.nodes[0].html.slice(0, 200)}`), []);
}

// Boxes overlap nothing, and no text leaves its box.
const layoutFaults = () => {
  const faults = [];
  const svg = document.querySelector("#stage svg:not(.tips):not([hidden])") ?? document.documentElement;
  const boxes = [...svg.querySelectorAll(".box")].map((box) => {
    const m = box.transform.baseVal.consolidate().matrix;
    const r = box.querySelector("rect").getBBox();
    const inside = box.querySelector("rect").getBoundingClientRect();
    for (const text of box.querySelectorAll("text")) {
      const b = text.getBoundingClientRect(); // of one that is not shown, nothing
      if (b.width > 0 && (b.left < inside.left || b.right > inside.right || b.top < inside.top || b.bottom > inside.bottom)) faults.push(`"${text.textContent}" leaves its box`);
    }
    return { name: box.textContent, x: m.e, y: m.f, w: r.width, h: r.height };
  });
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(0, i)) {
      if (a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h) faults.push(`${a.name} overlaps ${b.name}`);
    }
  }
  for (const frame of svg.querySelectorAll(".frame")) {
    const [r, b] = [frame.querySelector("rect"), frame.querySelector("text")].map((e) => e.getBoundingClientRect());
    if (b.right > r.right || b.top < r.top) faults.push(`"${frame.textContent}" leaves its frame`);
  }
  return faults;
};
// The smallest size of a text that is shown in a box, in pixels of the screen.
const smallest = (boxes) => Math.min(...boxes.flatMap((box) => [...box.querySelectorAll("text")])
  .filter((text) => getComputedStyle(text).display !== "none")
  .map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a));
// A line that enters a box that is none of its ends would be read as a link of that.
const crossings = () => {
  const svg = document.querySelector("#stage svg:not(.tips):not([hidden])");
  const boxes = [...svg.querySelectorAll(".box")].map((box) => {
    const m = box.transform.baseVal.consolidate().matrix;
    const r = box.querySelector("rect").getBBox();
    return { id: box.dataset.id, x: m.e + 1, y: m.f + 1, right: m.e + r.width - 1, bottom: m.f + r.height - 1 };
  });
  const faults = [];
  for (const path of svg.querySelectorAll(".arrows path")) {
    const length = path.getTotalLength();
    for (let i = 0; i <= 60; i++) {
      const p = path.getPointAtLength((length * i) / 60);
      const hit = boxes.find((b) => p.x > b.x && p.x < b.right && p.y > b.y && p.y < b.bottom);
      if (hit) {
        faults.push(`${path.dataset.from} -> ${path.dataset.to} crosses ${hit.id}`);
        break;
      }
    }
  }
  return faults;
};

for (const name of ["shop", "5", "30", "100", "300"]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${name} in ${colorScheme}: every component once, legible, accessible`, async (t) => {
      const page = await open(t, `${name}.html`, { colorScheme });
      assert.deepEqual(await idsOf(page, ".box"), components(name));
      assert.equal(await seen(page, ".box").count(), components(name).length);
      assert.equal(await page.locator("html").getAttribute("data-theme"), colorScheme);
      assert.deepEqual(await page.evaluate(layoutFaults), []);
      if (components(name).length <= 100) assert.ok(await seen(page, ".box").evaluateAll(smallest) >= 6); // 300 have to be moved nearer
      if (colorScheme === "light" && components(name).length <= 30) assert.deepEqual(await page.evaluate(crossings), []);
      if (shots) {
        await page.screenshot({ path: join(shots, `${name}-${colorScheme}.png`) });
        const picture = await open(t, `${name}.svg`, { colorScheme });
        await picture.screenshot({ path: join(shots, `${name}-${colorScheme}-svg.png`) });
      }
      if (colorScheme === "light" || name === "shop") await clean(page, name); // colours are the same at every size
      await choose(page, components(name)[0]);
      assert.deepEqual(await page.evaluate(layoutFaults), []);
      assert.ok(await seen(page, ".box.chosen").evaluateAll(smallest) >= 6);
      if (name === "shop" || colorScheme === "light" && name === "30") await clean(page, `${name} with details`);
      if (colorScheme === "dark") return; // the places are the same
      await page.click("#expand");
      assert.deepEqual(await page.evaluate(layoutFaults), []);
    });
  }
}

test("the picture alone is drawn in both colour schemes", async (t) => {
  for (const [colorScheme, paper] of [["light", "rgb(255, 255, 255)"], ["dark", "rgb(18, 23, 30)"]]) {
    const page = await open(t, "shop.svg", { colorScheme });
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector(".paper")).fill), paper);
    assert.deepEqual(await page.evaluate(layoutFaults), []);
  }
});

test("a click shows all of a component, and no secret", async (t) => {
  const page = await open(t, "shop.html");
  await seen(page, '.box[data-id="orders"]').click();
  const details = page.locator("#details");
  assert.equal(await details.locator("h2").textContent(), "orders");
  for (const part of ["Links to (4)", "Links from (2)", "Exposed", "Attributes", "Variables", "Network policies", "Requirements", "Modules", "Modules left out", "Files", "Defaults"]) {
    assert.ok(await details.locator("summary", { hasText: part }).count(), part);
  }
  const text = await details.textContent();
  for (const part of ["POSTGRES_HOST", "db.data.svc.cluster.local", "psycopg2", "orders/k8s/deploy/base/kustomization.yaml", "access: write", "fastapi -> postgresql"]) {
    assert.ok(text.includes(part), part);
  }
  const secrets = await details.locator("tr").evaluateAll((rows) => rows.map((r) => [...r.querySelectorAll("th, code")].map((e) => e.textContent)).filter(([name]) => name.endsWith("PASSWORD")));
  assert.ok(secrets.length > 0 && secrets.every(([, value]) => /^\[secret .*\]$/.test(value)), secrets.join());
  await details.getByRole("button", { name: "db/orders" }).click();
  assert.equal(await details.locator("h2").textContent(), "db");
  await page.click("#close");
  assert.ok(await details.isHidden());
  assert.equal(await seen(page, ".near").count(), 0);
});

test("what is linked with a component stands out", async (t) => {
  const page = await open(t, "shop.html");
  await seen(page, '.box[data-id="db"]').click();
  assert.deepEqual(await idsOf(page, ".box.near"), ["db", "orders"]);
  assert.deepEqual(await seen(page, ".arrows .near").evaluateAll((all) => all.map((p) => [p.dataset.from, p.dataset.to])), [["orders", "db"]]);
});

test("impact and paths are those of the command line", async (t) => {
  for (const [name, some] of [["shop", ["db", "orders"]], ["30", ["postgresql-0", "app-3", "prom"]]]) {
    const page = await open(t, `${name}.html`);
    for (const id of some) {
      await choose(page, id);
      await page.getByRole("button", { name: "Impact", exact: true }).click();
      const told = new Set([id, ...ask(name, "impact", id).dependents.map((d) => d.id.split("/")[0])]);
      assert.deepEqual(await idsOf(page, ".box.near"), [...told].sort(), `impact of ${id}`);
    }
    const [from, to] = name === "shop" ? ["edge", "db"] : ["prom", "postgresql-0"];
    await choose(page, from);
    await page.selectOption("#details select", to);
    const steps = ask(name, "paths", from, to).paths.flat().flatMap((s) => [s.source.split("/")[0], s.target.split("/")[0]]);
    assert.ok(steps.length > 0);
    assert.deepEqual(await idsOf(page, ".box.near"), [...new Set(steps)].sort());
  }
});

test("an answer of the command line stands out", async (t) => {
  const page = await open(t, "impact.html");
  assert.deepEqual(await idsOf(page, ".box.lit"), ["db", "edge", "orders", "prom"]);
});

test("search and filters find components", async (t) => {
  const page = await open(t, "100.html");
  await page.fill("#search", "app-33");
  assert.deepEqual(await page.locator("#list button").evaluateAll((all) => all.map((b) => b.dataset.id)), ["app-33"]);
  assert.deepEqual(await idsOf(page, ".box:not(.out)"), ["app-33"]);
  await page.press("#search", "Enter");
  assert.equal(await page.locator("#details h2").textContent(), "app-33");
  await page.fill("#search", "no such thing");
  assert.equal(await page.locator("#found").textContent(), "0 of 100 components");
  await page.press("#search", "Escape");
  assert.equal(await page.locator("#found").textContent(), "100 components");
  await page.click("#close");
  await page.selectOption("#kind", "kafka");
  const kafka = graph("100").nodes.filter((n) => n.kind === "kafka").map((n) => n.id).sort();
  assert.deepEqual(await idsOf(page, ".box:not(.out):not(.near)"), kafka);
  await page.selectOption("#kind", "");
  await page.selectOption("#namespace", "data-2");
  const there = graph("100").nodes.filter((n) => n.namespace === "data-2" && n.parent === "").map((n) => n.id).sort();
  assert.deepEqual(await page.locator("#list button").evaluateAll((all) => all.map((b) => b.dataset.id).sort()), there);
});

test("links of a hub are drawn while they are asked for", async (t) => {
  const page = await open(t, "100.html");
  const links = graph("100").edges.filter((e) => e.source === "prom").length;
  const before = await seen(page, ".arrows path").count();
  assert.equal(await seen(page, '.arrows path[data-from="prom"]').count(), 0);
  await choose(page, "prom");
  assert.equal(await seen(page, ".arrows path.near").count(), links);
  await page.click("#close");
  assert.equal(await seen(page, ".arrows path").count(), before);
});

test("the keyboard reaches everything", async (t) => {
  const page = await open(t, "30.html");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  await page.keyboard.type("app-1");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const second = await page.locator("#details h2").textContent();
  assert.match(second, /^app-1/);
  await page.keyboard.press("Escape");
  assert.ok(await page.locator("#details").isHidden());
  await page.fill("#search", "");
  // One box is in the order of Tab.
  assert.equal(await seen(page, '.box[tabindex="0"]').count(), 1);
  await seen(page, '.box[tabindex="0"]').focus();
  const visited = new Set();
  for (const key of ["ArrowRight", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft"]) {
    await page.keyboard.press(key);
    visited.add(await page.evaluate(() => document.activeElement.dataset.id));
  }
  assert.ok(visited.size >= 3 && !visited.has(undefined), [...visited].join());
  const at = await page.evaluate(() => document.activeElement.dataset.id);
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#details h2").textContent(), at);
  assert.equal(await page.evaluate(() => document.activeElement.id), "details");
  await page.keyboard.press("0");
  const [, , whole] = await viewBox(page);
  await page.keyboard.press("+");
  const [, , nearer] = await viewBox(page);
  await page.keyboard.press("-");
  const [, , back] = await viewBox(page);
  assert.ok(nearer < whole && Math.abs(back - whole) < 1, `${whole} ${nearer} ${back}`);
});

test("the mouse moves the picture, and zooms to where it is", async (t) => {
  const page = await open(t, "30.html");
  const before = await viewBox(page);
  const area = await page.locator("#stage").boundingBox();
  const [x, y] = [area.x + area.width / 2, area.y + area.height - 60];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x - 120, y - 80, { steps: 4 });
  await page.mouse.up();
  const moved = await viewBox(page);
  assert.ok(moved[0] > before[0] && moved[1] > before[1], `${before} ${moved}`);
  assert.ok(await page.locator("#details").isHidden(), "a drag is no click");
  const box = seen(page, '.box[data-id="app-5"]');
  const target = await box.boundingBox();
  const [cx, cy] = [target.x + target.width / 2, target.y + target.height / 2];
  await page.mouse.move(cx, cy);
  for (let i = 0; i < 5; i++) await page.mouse.wheel(0, -200);
  await page.waitForFunction((w) => document.querySelector("#stage svg:not(.tips):not([hidden])").viewBox.baseVal.width < w / 2, moved[2]);
  const near = await box.boundingBox();
  assert.ok(near.width > 1.5 * target.width);
  assert.ok(Math.abs(near.x + near.width / 2 - cx) < 3 && Math.abs(near.y + near.height / 2 - cy) < 3);
  await page.click("#whole");
  assert.deepEqual(await viewBox(page), before);
});

test("the colours switch, and paper is white", async (t) => {
  const page = await open(t, "shop.html", { colorScheme: "dark" });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await background(), "rgb(18, 23, 30)");
  await page.click("#theme");
  assert.equal(await background(), "rgb(255, 255, 255)");
  await page.click("#theme");
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print" });
  assert.equal(await background(), "rgb(255, 255, 255)");
  assert.ok(await page.locator("nav").isHidden());
  assert.ok(await seen(page, ".box").first().isVisible());
});

test("sub-components unfold", async (t) => {
  const page = await open(t, "shop.html");
  assert.equal(await seen(page, ".box .sub").count(), 0);
  await page.click("#expand");
  assert.deepEqual(await idsOf(page, ".box"), components("shop"));
  assert.equal(await seen(page, ".box .sub").count(), graph("shop").nodes.filter((n) => n.parent !== "").length);
  const head = await page.evaluate(() => getComputedStyle(document.querySelector("#tip")).display);
  assert.notEqual(head, "none");
  await page.click("#expand");
  assert.equal(await seen(page, ".box .sub").count(), 0);
});

test("what is reached from outside stands out", async (t) => {
  const page = await open(t, "shop.html");
  await page.click("#exposed");
  assert.deepEqual(await idsOf(page, ".box.near"), [...new Set(ask("shop", "exposure").exposed.map((x) => x.id))].sort());
});
