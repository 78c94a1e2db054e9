"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const component = new Map(data.components.map((c) => [c.id, c]));
  const svgs = [...document.querySelectorAll("#stage svg:not(.tips)")]; // without sub-components, with them
  let svg = svgs[data.expand ? 1 : 0];
  let chosen = null; // id of the component that the details show

  // element makes an element with attributes and children; a text is a text, never markup.
  const element = (name, attributes = {}, ...children) => {
    const e = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
      else e.setAttribute(key, value);
    }
    e.append(...children.filter((c) => c !== null && c !== undefined));
    return e;
  };
  const boxes = () => [...svg.querySelectorAll(".box")];
  const boxOf = (id) => boxes().find((b) => b.dataset.id === id);
  const shown = new Set(data.links.flatMap((l) => [l.from, l.to]).concat(boxes().map((b) => b.dataset.id)));
  const names = [...shown].filter((id) => component.has(id)).sort();

  // ---- where the picture stands

  const size = (s) => s.dataset.size.split(" ").map(Number);
  for (const s of svgs) {
    const { width, height } = s.viewBox.baseVal;
    s.dataset.size = `${width} ${height}`;
  }
  const view = () => svg.viewBox.baseVal;
  const setView = (x, y, w, h) => {
    svg.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    level();
  };
  const fit = () => setView(0, 0, ...size(svg));
  // scale is how many pixels of the screen one of the picture has.
  const scale = () => Math.min(svg.clientWidth / view().width, svg.clientHeight / view().height);
  // From where rows could not be read, names alone are shown, as large as there is room.
  const level = () => svg.classList.toggle("far", scale() < 0.6);
  const measure = (s) => {
    for (const text of s.querySelectorAll(".box .title, .frame text")) {
      const of = text.parentNode.querySelector("rect");
      const [w, h] = [of.width.baseVal.value, text.matches(".title") ? of.height.baseVal.value : 34]; // a frame has so much above its boxes
      const now = parseFloat(getComputedStyle(text).fontSize);
      const large = Math.max(now, Math.min(now * (w - 14) / text.getComputedTextLength(), 0.65 * h, 22));
      const base = text.y.baseVal[0].value - (text.matches(".title") ? 0 : of.y.baseVal.value);
      text.style.setProperty("--far", `${large}px`);
      text.style.setProperty("--down", `${h / 2 + 0.36 * large - base}px`);
    }
    s.dataset.measured = "yes";
  };
  const zoom = (factor, at) => {
    const v = view();
    const [w] = size(svg);
    const limited = Math.min(Math.max(v.width / factor, 120), w * 4) / v.width;
    const px = at ? at.x : v.x + v.width / 2;
    const py = at ? at.y : v.y + v.height / 2;
    setView(px - (px - v.x) * limited, py - (py - v.y) * limited, v.width * limited, v.height * limited);
  };
  const point = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const place = (box) => {
    const m = box.transform.baseVal.consolidate().matrix;
    const r = box.querySelector("rect");
    return { x: m.e, y: m.f, w: r.width.baseVal.value, h: r.height.baseVal.value };
  };
  // reveal brings a component into the middle, large enough to read, unless it is there already.
  const reveal = (id) => {
    const box = boxOf(id);
    if (!box) return;
    const r = place(box);
    const v = view();
    const readable = scale() >= 0.6;
    if (readable && r.x > v.x && r.y > v.y && r.x + r.w < v.x + v.width && r.y + r.h < v.y + v.height) return;
    const by = readable ? 1 : scale();
    const [w, h] = [v.width * by, v.height * by];
    setView(r.x + r.w / 2 - w / 2, r.y + r.h / 2 - h / 2, w, h);
  };

  const pointers = new Map();
  let moved = false;
  for (const s of svgs) {
    s.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), point(event));
    }, { passive: false });
    s.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, event);
      moved = false;
    });
    s.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const dx = event.clientX - before.clientX;
      const dy = event.clientY - before.clientY;
      if (!moved && Math.hypot(dx, dy) < 4) return;
      if (!moved) s.setPointerCapture(event.pointerId);
      moved = true;
      const v = view();
      const by = scale();
      if (pointers.size === 2) {
        const other = [...pointers.values()].find((p) => p.pointerId !== event.pointerId);
        const apart = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
        if (apart(before) > 0) zoom(apart(event) / apart(before), point(event));
      } else {
        setView(v.x - dx / by, v.y - dy / by, v.width, v.height);
      }
      pointers.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) s.addEventListener(end, (event) => pointers.delete(event.pointerId));
    s.addEventListener("click", (event) => {
      if (moved) return;
      const box = event.target.closest(".box");
      if (box) choose(box.dataset.id);
      else choose(null);
    });
  }

  // ---- what stands out

  const mark = (ids, links) => {
    const between = new Set(links.map((l) => `${l.from}\n${l.to}`));
    svg.classList.toggle("asked", ids.size > 0);
    for (const b of boxes()) {
      b.classList.toggle("near", ids.has(b.dataset.id));
      b.classList.toggle("chosen", b.dataset.id === chosen);
    }
    const drawn = new Set();
    for (const p of svg.querySelectorAll(".arrows path")) {
      if (p.dataset.demand) {
        p.remove();
        continue;
      }
      const key = `${p.dataset.from}\n${p.dataset.to}`;
      drawn.add(key);
      p.classList.toggle("near", between.has(key));
    }
    // Links of hubs are drawn while they are asked for.
    const arrows = svg.querySelector(".arrows");
    for (const key of between) {
      const [from, to] = key.split("\n");
      if (drawn.has(key) || from === to) continue;
      const [a, b] = [boxOf(from), boxOf(to)];
      if (!a || !b) continue;
      const [p, q] = [place(a), place(b)];
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      const [x1, x2] = q.x > p.x ? [p.x + p.w, q.x] : [p.x, q.x + q.w];
      path.setAttribute("d", `M${x1} ${p.y + 15}C${(x1 + x2) / 2} ${p.y + 15} ${(x1 + x2) / 2} ${q.y + 15} ${x2} ${q.y + 15}`);
      path.setAttribute("class", "near");
      path.dataset.demand = "yes";
      arrows.append(path);
    }
  };
  const idsOf = (links) => new Set(links.flatMap((l) => [l.from, l.to]));
  const direct = (id) => data.links.filter((l) => l.from === id || l.to === id);

  // Who needs whom, as `platc impact` and `platc paths` have it: the source of a link its target, and a sub-component its component.
  const owner = new Map(data.components.flatMap((c) => c.subs.map((s) => [s.id, c.id])));
  const needs = data.links.map((l) => ({ from: l.source, to: l.target, link: l })).concat([...owner].map(([sub, id]) => ({ from: sub, to: id, link: null })));
  const parts = (id) => [id, ...component.get(id).subs.map((s) => s.id)];
  // reach is every node that steps lead to from some, those included.
  const reach = (start, from, to) => {
    const seen = new Set(start);
    for (const id of seen) for (const n of needs) if (n[from] === id) seen.add(n[to]); // a set also visits what is added to it
    return seen;
  };
  const linksIn = (sources, targets) => needs.filter((n) => n.link && sources.has(n.from) && targets.has(n.to)).map((n) => n.link);
  const impact = (id) => {
    const all = reach(parts(id), "to", "from");
    return linksIn(all, all);
  };
  const requires = (id) => {
    const all = reach(parts(id), "from", "to");
    return linksIn(all, all);
  };
  const paths = (a, b) => linksIn(reach(parts(a), "from", "to"), reach(parts(b), "to", "from"));
  const ask = (links, what) => {
    const ids = idsOf(links);
    if (chosen) ids.add(chosen);
    mark(ids, links);
    $("answer").textContent = what(ids);
  };

  // ---- the details of a component

  const goto = (id, text = id) => element("button", { type: "button", class: "link", onclick: () => choose(id.split("/")[0], true) }, text);
  const why = (because) => because && because.length ? element("div", { class: "why" }, because.join("; ")) : null;
  const part = (title, number, open, ...children) => number === 0 ? null : element("details", open ? { open: "" } : {}, element("summary", {}, `${title} (${number})`), ...children);
  const table = (rows) => element("table", {}, element("tbody", {}, ...rows.map((r) => element("tr", {}, element("th", { scope: "row" }, r.name), element("td", {}, element("code", {}, r.value), why(r.because))))));
  const items = (rows) => element("ul", {}, ...rows.map((r) => element("li", {}, ...r)));
  const linkRow = (l, out) => [goto(out ? l.to : l.from, out ? l.as : l.source), l.given ? ` (${l.given})` : "", element("div", { class: "why" }, `${l.rules.join(", ")}; ${l.place}${l.startup ? "" : "; does not wait"}`)];
  const describe = (c) => {
    const out = data.links.filter((l) => l.from === c.id);
    const inward = data.links.filter((l) => l.to === c.id && l.from !== c.id);
    const kept = c.modules.filter((m) => m.kept);
    const left = c.modules.filter((m) => !m.kept);
    const target = element("select", { "aria-label": "Paths to", onchange: (event) => event.target.value && ask(paths(c.id, event.target.value), (ids) => ids.size > 1 ? `Paths to ${event.target.value}: through ${ids.size} components.` : `No links lead from ${c.id} to ${event.target.value}.`) },
      element("option", { value: "" }, "paths to …"), ...names.filter((n) => n !== c.id).map((n) => element("option", { value: n }, n)));
    return [
      element("div", { class: "head" }, element("h2", { id: "shown" }, c.id), element("button", { type: "button", id: "close", onclick: () => choose(null) }, "Close")),
      element("p", {}, `${c.kind} (${c.title}) in ${c.namespace}${c.external ? `, at ${c.external}` : ""}; ${c.place}`),
      element("div", { class: "asks" },
        element("button", { type: "button", onclick: () => ask(impact(c.id), (ids) => `${ids.size - 1} of ${names.length - 1} components depend on ${c.id}.`) }, "Impact"),
        element("button", { type: "button", onclick: () => ask(requires(c.id), (ids) => `${c.id} depends on ${ids.size - 1} components.`) }, "Needs"), target),
      element("p", { id: "answer", role: "status" }),
      part("Links to", out.length, true, items(out.map((l) => linkRow(l, true)))),
      part("Links from", inward.length, inward.length <= 10, items(inward.map((l) => linkRow(l, false)))),
      part("Exposed", c.exposed.length, true, items(c.exposed.map((x) => [`from ${x.from} by ${x.by}`, element("div", { class: "why" }, [x.url, x.ports.join(", "), `authentication: ${x.auth}`].filter(Boolean).join("; "))]))),
      part("Attributes", c.attributes.length, true, table(c.attributes)),
      part("Sub-components", c.subs.length, true, items(c.subs.map((s) => [s.id, s.attributes.length ? table(s.attributes) : null]))),
      part("Variables", c.variables.length, true, table(c.variables)),
      part("Network policies", c.policies.length, false, items(c.policies.map((p) => [`${p.direction === "in" ? "from" : "to"} `, goto(p.peer), ` port ${p.port}${p.pods ? `, pods ${p.pods}` : ""}`]))),
      part("Requirements", c.requirements.length, false, table(c.requirements)),
      part("Modules", kept.length, false, items(kept.map((m) => [m.name, why(m.because)]))),
      part("Modules left out", left.length, false, items(left.map((m) => [m.name, why(m.because)]))),
      part("Files", c.files.length, false, items(c.files.map((f) => [element("code", {}, f)]))),
      part("Files left out", c.left.length, false, items(c.left.map((m) => [m.name, why(m.because)]))),
      part("Defaults", c.defaults.length, false, table(c.defaults)),
    ].filter(Boolean);
  };
  const choose = (id, focus = false) => {
    const before = chosen;
    chosen = component.has(id) ? id : null;
    const details = $("details");
    details.hidden = !chosen;
    details.replaceChildren(...(chosen ? describe(component.get(chosen)) : []));
    details.scrollTop = 0;
    $("exposed").setAttribute("aria-pressed", "false");
    const links = chosen ? direct(chosen) : [];
    const ids = idsOf(links);
    if (chosen) ids.add(chosen);
    mark(ids, links);
    for (const b of $("list").querySelectorAll("button")) b.setAttribute("aria-current", String(b.dataset.id === chosen));
    if (chosen) {
      reveal(chosen);
      rove(chosen);
      if (focus) details.focus();
    } else if (before && document.activeElement === document.body) {
      boxOf(before)?.focus();
    }
  };

  // ---- search and filters

  const text = new Map(names.map((id) => {
    const c = component.get(id);
    const all = [id, c.kind, c.title, c.namespace, ...c.subs.map((s) => s.id), ...c.variables.map((v) => v.name), ...c.files, ...c.attributes.map((a) => `${a.name} ${a.value}`)];
    return [id, all.join("\n").toLowerCase()];
  }));
  const filter = () => {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const [kind, namespace] = [$("kind").value, $("namespace").value];
    // Those whose name has the words come first.
    const named = (id) => words.every((w) => id.toLowerCase().includes(w)) ? 0 : 1;
    const found = names.filter((id) => {
      const c = component.get(id);
      return (!kind || c.kind === kind) && (!namespace || c.namespace === namespace) && words.every((w) => text.get(id).includes(w));
    }).sort((a, b) => named(a) - named(b));
    const has = new Set(found);
    for (const s of svgs) {
      for (const b of s.querySelectorAll(".box")) b.classList.toggle("out", !has.has(b.dataset.id));
      for (const p of s.querySelectorAll(".arrows path")) p.classList.toggle("out", !has.has(p.dataset.from) && !has.has(p.dataset.to));
      for (const f of s.querySelectorAll(".frame")) f.classList.toggle("out", !found.some((id) => boxNamespace(id) === f.dataset.namespace));
    }
    $("found").textContent = found.length === names.length ? `${names.length} components` : `${found.length} of ${names.length} components`;
    $("list").replaceChildren(...found.map((id) => element("li", {}, element("button", { type: "button", "data-id": id, "aria-current": String(id === chosen), onclick: () => choose(id) }, id, " ", element("small", {}, component.get(id).kind)))));
    return found;
  };
  const frames = new Map(boxes().map((b) => [b.dataset.id, b.dataset.namespace]));
  const boxNamespace = (id) => frames.get(id);
  for (const [id, of] of [["kind", (c) => c.kind], ["namespace", (c) => c.namespace]]) {
    for (const name of [...new Set(names.map((n) => of(component.get(n))))].sort()) $(id).append(element("option", { value: name }, name));
    $(id).addEventListener("change", filter);
  }
  $("search").addEventListener("input", filter);
  $("search").addEventListener("keydown", (event) => {
    const first = $("list").querySelector("button");
    if (event.key === "Enter" && first) choose(first.dataset.id);
    if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.focus();
    }
  });
  $("list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!step) return;
    event.preventDefault();
    (document.activeElement.closest("li")?.[step]?.querySelector("button") ?? (event.key === "ArrowUp" ? $("search") : null))?.focus();
  });

  // ---- keyboard: one box of the picture is in the order of Tab, arrows go to the next one in their direction

  const rove = (id) => {
    for (const b of boxes()) b.setAttribute("tabindex", b.dataset.id === id ? "0" : "-1");
  };
  const neighbour = (box, key) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    const a = place(box);
    let best = null;
    let least = Infinity;
    for (const other of boxes()) {
      const b = place(other);
      const [x, y] = [b.x + b.w / 2 - a.x - a.w / 2, b.y + b.h / 2 - a.y - a.h / 2];
      const ahead = x * dx + y * dy;
      const aside = Math.abs(x * dy) + Math.abs(y * dx);
      if (other === box || ahead < 4 || other.classList.contains("out")) continue;
      if (ahead + 2.5 * aside < least) [best, least] = [other, ahead + 2.5 * aside];
    }
    return best;
  };
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "Escape") {
      if (event.target === $("search")) $("search").value = "";
      else choose(null);
      filter();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const box = event.target.closest?.(".box");
    if (box && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      choose(box.dataset.id, true);
    } else if (box && event.key.startsWith("Arrow")) {
      event.preventDefault();
      const next = neighbour(box, event.key);
      if (next) {
        rove(next.dataset.id);
        next.focus({ preventScroll: true });
        reveal(next.dataset.id);
      }
    } else if (event.key === "/") {
      event.preventDefault();
      $("search").focus();
    } else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") fit();
  });

  // ---- tools

  const theme = (name) => {
    document.documentElement.dataset.theme = name;
    $("theme").setAttribute("aria-pressed", String(name === "dark"));
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let own = null; // what the reader chose
  const follow = () => theme(own ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", follow);
  $("theme").addEventListener("click", () => {
    own = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    follow();
  });
  addEventListener("beforeprint", () => theme("light"));
  addEventListener("afterprint", follow);
  $("print").addEventListener("click", () => print());
  $("larger").addEventListener("click", () => zoom(1.25));
  $("smaller").addEventListener("click", () => zoom(0.8));
  $("whole").addEventListener("click", fit);
  new ResizeObserver(() => level()).observe($("stage"));
  const show = (expanded) => {
    svg = svgs[expanded ? 1 : 0];
    for (const s of svgs) s.toggleAttribute("hidden", s !== svg);
    if (!svg.dataset.measured) measure(svg);
    level();
    $("expand").setAttribute("aria-pressed", String(expanded));
    rove(chosen ?? boxes()[0]?.dataset.id);
  };
  $("expand").addEventListener("click", () => {
    show(svg === svgs[0]);
    choose(chosen);
  });
  $("exposed").addEventListener("click", () => {
    const pressed = $("exposed").getAttribute("aria-pressed") !== "true";
    choose(null);
    $("exposed").setAttribute("aria-pressed", String(pressed));
    const ids = new Set(pressed ? data.components.filter((c) => c.exposed.length > 0).map((c) => c.id) : []);
    mark(ids, []);
    if (pressed) $("found").textContent = `${ids.size} components are reached from beyond their namespace`;
    else filter();
  });

  $("summary").textContent = `${names.length} components, ${data.links.length} links`;
  show(data.expand);
  follow();
  filter();
  fit();
})();
