"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("meters");
  const options = new URLSearchParams(location.search);
  const wrong = [];

  const element = (parent, tag, name, text) => {
    const made = document.createElement(tag);
    made.className = name;
    if (text !== undefined) made.textContent = text;
    return parent.appendChild(made);
  };
  const choice = (name, known) => {
    const value = options.get(name);
    options.delete(name);
    if (value === null) return known[0];
    if (known.includes(value)) return value;
    wrong.push(`${name}=${value}: it is one of ${known.join(", ")}.`);
    return known[0];
  };

  // The options: see docs/overlay.md.
  const layout = choice("layout", ["column", "row", "grid"]);
  const cards = choice("cards", ["on", "off"]) === "on";
  const numbers = choice("numbers", ["on", "off"]) === "on";
  const bands = choice("bands", ["on", "off"]) === "on";
  const guesses = choice("guesses", ["on", "off"]) === "on";
  const idle = choice("idle", ["dim", "hide", "show"]);
  let ground = options.get("ground") || "none";
  const light = choice("theme", ground === "light" ? ["light", "dark"] : ["dark", "light"]) === "light";
  if (/^[0-9a-f]{6}$/i.test(ground)) ground = "#" + ground;
  else if (["dark", "light"].includes(ground)) ground = data[ground].ground;
  else if (ground === "none") ground = "";
  else wrong.push(`ground=${ground}: it is one of none, dark, light, or six digits such as 00ff00.`);
  const size = Number(options.get("size") || 100);
  const fits = size >= 25 && size <= 500;
  if (!fits) wrong.push(`size=${options.get("size")}: it is a percentage, 25 to 500.`);
  const title = options.get("title");
  let shown = data.features.filter(feature => guesses || !feature.guess);
  if (options.has("features")) {
    const names = options.get("features").split(",").map(name => name.trim().toLowerCase());
    shown = names.map(name => data.features.find(feature => feature.name === name)).filter(Boolean);
    const unknown = names.filter(name => !data.features.some(feature => feature.name === name));
    if (unknown.length) {
      wrong.push(`features=${unknown.join()}: they are ${data.features.map(feature => feature.name).join(", ")}.`);
    }
  }
  for (const name of ["ground", "size", "title", "features"]) options.delete(name);
  for (const name of options.keys()) {
    wrong.push(`${name}: there is no such option. There are features, layout, size, ground, theme, cards, numbers, bands, guesses, idle, title.`);
  }

  const root = document.documentElement.style;
  for (const [name, colour] of Object.entries(data[light ? "light" : "dark"])) root.setProperty("--" + name, colour);
  if (fits) root.setProperty("--size", size / 100);
  document.body.style.background = ground;

  if (wrong.length) {
    element(main, "p", "wrong box", "Echometer overlay\n" + wrong.join("\n"));
    return;
  }

  // The meters.
  const all = shown.length === data.features.length;
  main.className = layout;
  main.classList.toggle("box", layout === "column");
  main.classList.toggle("bare", !cards);
  main.classList.toggle("few", !all);
  main.classList.toggle("hide", idle === "hide");
  if (title) element(main, "header", layout === "column" ? "" : "box", title);
  const cells = layout === "column" ? main : element(main, "div", "cells");
  const meters = shown.map(feature => {
    const meter = element(cells, "div", "meter none");
    meter.classList.toggle("box", layout !== "column");
    meter.classList.toggle("large", feature.large && all && layout === "grid");
    meter.classList.toggle("guess", feature.guess);
    meter.style.setProperty("--colour", light ? feature.light : feature.dark);
    meter.dataset.feature = feature.name;
    meter.setAttribute("role", "meter");
    meter.setAttribute("aria-label", feature.label);
    meter.setAttribute("aria-valuemin", feature.low);
    meter.setAttribute("aria-valuemax", feature.high);
    element(meter, "div", "name", feature.label);
    const value = numbers ? element(meter, "div", "value", "–") : null;
    const track = element(meter, "div", "track");
    element(track, "div", "fill");
    element(track, "div", "needle");
    return { feature, meter, value };
  });
  const heard = element(main, "div", "heard");

  const show = reading => {
    for (const { feature, meter, value } of meters) {
      const is = reading ? reading[feature.name] : null;
      const known = typeof is === "number";
      // The first value starts where it belongs; only then do needles glide.
      const glides = known && !meter.classList.contains("none");
      meter.classList.toggle("none", !known);
      if (value) value.textContent = known ? is.toFixed(feature.digits).replace("-", "\u2212") : "–";
      if (!known) {
        meter.removeAttribute("aria-valuenow");
        continue;
      }
      if (value && feature.unit) element(value, "span", "unit", feature.unit);
      meter.setAttribute("aria-valuenow", is);
      const place = x => Math.min(1, Math.max(0, (x - feature.low) / (feature.high - feature.low)));
      const sd = bands ? reading.sd[feature.name] || 0 : 0;
      meter.style.setProperty("--at", place(is));
      meter.style.setProperty("--low", place(is - sd));
      meter.style.setProperty("--high", place(is + sd));
      meter.style.transition = glides ? "" : "none";
      // Asking for a size makes it so now, and not with the next reading.
      if (!glides) void meter.offsetWidth;
    }
    const share = reading ? reading.coverage : 0;
    heard.style.setProperty("--share", share);
    heard.classList.toggle("full", share >= 1);
  };

  // Readings come as they are made. Where none comes for long, the meters say so; a lost connection is tried again.
  let last = 0, usual = 1000, timer;
  const rest = () => { if (idle !== "show") main.classList.add("idle"); };
  const waits = after => {
    clearTimeout(timer);
    timer = setTimeout(rest, after);
  };
  const take = reading => {
    const now = performance.now();
    if (last) usual = Math.min(60000, 0.7 * usual + 0.3 * (now - last));
    last = now;
    show(reading);
    if (reading.silent) rest();
    else main.classList.remove("idle");
    waits(Math.max(3000, 3 * usual));
  };
  const connect = () => {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");
    socket.onmessage = message => take(JSON.parse(message.data));
    socket.onclose = () => {
      last = 0;
      waits(1000);
      setTimeout(connect, 1000);
    };
  };
  show(null);
  rest();
  connect();
})();
