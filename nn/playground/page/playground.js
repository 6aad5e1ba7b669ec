// The page of the playground: it asks the server for a run, draws its frames, and sends what is chosen or changed by
// hand.
//
// It knows the messages of `server.py` (choices, stage, frame, look, own, error) and how each is shown. It does not
// train: every number on the page comes from the server. The settings of the run stand in the address after the #.

const DEFAULTS = {
  data: "moons", noise: "15", train: "50", batch: "10", features: "x1,x2", layers: "4,2", activation: "tanh",
  rate: "0.03", optimizer: "momentum", penalty: "none", strength: "0.001", problem: "classification", seed: "1",
};
const NUMBERS = {
  rate: [0.00001, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
  strength: [0, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
};
const WORDS = {
  moons: "Moons", circles: "Circles", gauss: "Clouds", xor: "Xor", spiral: "Spiral", plane: "Slope", own: "Own",
};
const SIDE = 30; // points across and down in the picture of a neuron
const LARGEST_FILE = 100_000; // characters of one's own data
const ADDRESS_EVERY = 300; // milliseconds

const page = {
  socket: null, choices: null, stage: null, frame: null, settings: { ...DEFAULTS },
  waits: false, // a new run was asked for, and its stage is not here yet
  fresh: false, // its stage is here, and its first frame is not
  wanted: 0, // the epoch that it is to go to at once
  target: 0, // the same, of the run that is shown
  own: "", // one's own points, kept while other data are looked at
  sample: null, // the training point that is looked at
  looked: null, // the neuron whose inside is shown: [layer, neuron]
  next: null, // the frame to draw next
  past: null, // what the curves show
  pace: null, // when which epoch was there
  preview: null, // tells what the plane shows instead of the answer
  parameters: [], // all weights and biases, with their lines
  held: null, // the one whose number is shown
  heats: [], // the pictures of the neurons
  rings: [], // around the training point that is looked at
  sizes: new Map(), colours: {},
};

const byId = (id) => document.getElementById(id);
const controls = byId("controls");

// -- small helpers ---------------------------------------------------------------------------------------------------

function made(kind, attributes = {}, ...content) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

function drawn(kind, attributes = {}, ...content) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

/** A number as people read it: three digits that count, and a real minus sign. */
function short(number, digits = 3) {
  if (number === null || !Number.isFinite(number)) return "not a number";
  const size = Math.abs(number);
  const text =
    size !== 0 && (size < 0.001 || size >= 1e6)
      ? number.toExponential(digits - 1)
      : String(Number(number.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function bytesOf(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let k = 0; k < bytes.length; k += 1) bytes[k] = letters.charCodeAt(k);
  return bytes;
}

const layerName = (layer) => (layer === page.stage.layers.length - 1 ? "output" : `layer ${layer}`);
const neuronName = (layer, neuron) =>
  layerName(layer) === "output" ? "the output" : `${layerName(layer)}, neuron ${neuron}`;
const isBehind = () => page.frame !== null && page.frame.epoch < page.target && !page.frame.stopped;

// -- connection ------------------------------------------------------------------------------------------------------

const HEARD = {
  choices: hearChoices, stage: hearStage, frame: hearFrame, look: hearLook, own: hearOwn, error: hearError,
};

function connect() {
  byId("lost").hidden = true;
  say(byId("state"), "Connecting…");
  page.socket = new WebSocket(`ws://${location.host}/socket`);
  page.socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    HEARD[message.kind](message);
  };
  page.socket.onclose = hearNothing;
}

function send(wish) {
  if (page.socket.readyState === WebSocket.OPEN) page.socket.send(JSON.stringify(wish));
}

function hearNothing() {
  if (page.frame && !page.waits) writeAddress(true);
  byId("lost").hidden = false;
  say(byId("state"), "Not connected");
}

function hearChoices(choices) {
  const first = page.choices === null;
  page.choices = choices;
  if (first) buildControls();
  load(location.hash.slice(1));
}

function hearStage(stage) {
  page.stage = stage;
  page.target = page.wanted;
  page.waits = false;
  page.fresh = true;
  page.next = null; // it is one of the run before
}

function hearFrame(frame) {
  if (page.next === null) requestAnimationFrame(drawNext);
  page.next = frame;
}

function hearError(message) {
  page.waits = false;
  showError(message.text);
  if (page.stage === null) load("");
  else if (page.frame) {
    showControls();
    writeAddress(true);
  }
}

function showError(text) {
  const inside = byId("look").open;
  say(byId(inside ? "look-error" : "error-text"), text);
  byId(inside ? "look-error" : "error").hidden = false;
}

// -- settings and the address ----------------------------------------------------------------------------------------

const settingsOf = (query) => ({ ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(query)) });

/** Ask for the run that an address says, as far as it had come. */
function load(query) {
  page.wanted = Number(new URLSearchParams(query).get("epoch")) || 0;
  page.waits = true;
  send({ do: "play", on: false });
  send({ do: "settings", query });
}

/** Ask for a new run: what the controls say, with something changed. */
function begin(changes) {
  const settings = { ...page.settings, ...(page.frame ? { rate: String(page.frame.rate) } : {}), ...changes };
  delete settings.epoch;
  delete settings.events;
  if (settings.data !== "own") delete settings.own;
  page.wanted = 0;
  page.waits = true;
  hideError();
  send({ do: "settings", query: new URLSearchParams(settings).toString() });
}

let written = 0;

/** Put the run into the address: at once, or, while it plays, now and then. */
function writeAddress(atOnce) {
  const now = performance.now();
  if (isBehind() || (!atOnce && now - written < ADDRESS_EVERY)) return;
  written = now;
  history.replaceState(null, "", page.frame.query ? `#${page.frame.query}` : location.pathname);
}

function hearOwn(message) {
  begin({ data: "own", own: decodeURIComponent(message.own) });
}

async function sendFile(input) {
  const file = input.files[0];
  if (!file) return;
  const text = file.size > LARGEST_FILE ? "" : await file.text();
  input.value = "";
  if (text) send({ do: "own", text });
  else showError(file.size ? `The file is larger than ${LARGEST_FILE / 1000} kB.` : "The file is empty.");
}

// -- controls --------------------------------------------------------------------------------------------------------

/** A point of a small picture of each data set, 48 by 48: of the share t of all points, and of the class. */
const SKETCHES = {
  moons: (t, k) =>
    k
      ? [30 - 14 * Math.cos(Math.PI * t), 20 + 15 * Math.sin(Math.PI * t)]
      : [18 - 14 * Math.cos(Math.PI * t), 28 - 15 * Math.sin(Math.PI * t)],
  circles: (t, k) => round(24, 24, k ? 7 : 18, t),
  gauss: (t, k) => round(k ? 33 : 15, k ? 15 : 33, 10 * Math.sqrt(t), 6.11 * t),
  xor: (t, k) => round(t < 0.5 ? 14 : 34, t < 0.5 === (k === 0) ? 14 : 34, 7 * Math.sqrt((2 * t) % 1), 6.11 * t),
  spiral: (t, k) => round(24, 24, 3 + 16 * t, 1.1 * t + k / 2),
  plane: (t, k) => [(k ? 27 : 6) + 5 * ((16 * t) % 4), 10 + 9 * Math.floor(4 * t)],
};
const round = (x, y, radius, turns) => [
  x + radius * Math.cos(2 * Math.PI * turns), y + radius * Math.sin(2 * Math.PI * turns),
];

function sketch(name) {
  const dots = [0, 1].flatMap((k) =>
    Array.from({ length: name in SKETCHES ? 16 : 0 }, (_, n) => [k, ...SKETCHES[name](n / 16, k)]),
  );
  const shapes = dots.map(([k, x, y]) =>
    drawn("path", {
      class: `class${k}`, d: shapeOf(k, 0.45), transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
    }),
  );
  if (!dots.length) shapes.push(drawn("path", { class: "plus", d: "M24 14v20M14 24h20" }));
  return drawn("svg", { viewBox: "0 0 48 48", "aria-hidden": "true" }, ...shapes);
}

function buildControls() {
  for (const name of ["problem", "activation", "optimizer", "penalty"]) {
    controls.elements[name].append(...page.choices[name].map((each) => new Option(each)));
  }
  for (const [name, numbers] of Object.entries(NUMBERS)) {
    controls.elements[name].append(...numbers.map((number) => new Option(String(number))));
  }
  byId("data-sets").append(
    ...page.choices.data.map((name) => {
      const input = made("input", { type: "radio", name: "data", value: name });
      return made("label", { class: "tile" }, input, sketch(name), made("span", {}, WORDS[name] ?? name));
    }),
  );
}

/** Make every control say what the run is made of. */
function showControls() {
  for (const [name, value] of Object.entries({ ...page.settings, rate: String(page.frame.rate) })) {
    if (name in NUMBERS) chooseNumber(controls.elements[name], Number(value));
    else if (name in controls.elements) controls.elements[name].value = value;
  }
  controls.elements.strength.disabled = page.settings.penalty === "none";
  controls.elements.noise.disabled = page.settings.data === "own";
  byId("own-row").hidden = page.settings.data !== "own";
  showSliders();
}

function chooseNumber(select, number) {
  let option = Array.from(select.options).find((each) => Number(each.value) === number);
  if (!option) {
    option = new Option(String(number));
    select.add(option, Array.from(select.options).find((each) => Number(each.value) > number) ?? null);
  }
  option.selected = true;
}

function showSliders() {
  say(byId("noise-said"), `${controls.elements.noise.value} %`);
  say(byId("train-said"), `${controls.elements.train.value} %`);
  say(byId("batch-said"), controls.elements.batch.value);
}

function change(event) {
  const { id, name, value } = event.target;
  if (id === "own-file") sendFile(event.target);
  else if (id === "test-points") byId("points").classList.toggle("untested", !event.target.checked);
  else if (!name || !event.target.reportValidity()) return;
  else if (name === "rate" && page.frame.epoch > 0) changeByHand({ do: "rate", value: Number(value) });
  else if (name === "data" && value === "own") chooseOwn();
  else begin({ [name]: value });
}

function chooseOwn() {
  byId("own-row").hidden = false;
  if (page.own) begin({ data: "own", own: page.own });
  else byId("own-file").focus();
}

function changeByHand(wish) {
  if (!isBehind()) send(wish);
  else {
    showControls();
    showError(`The run is on its way to epoch ${page.target}: change it by hand when it is there.`);
  }
}

function changeLayers(sizes) {
  begin({ layers: sizes.join(",") });
}

function toggleFeature(name) {
  const chosen = page.settings.features.split(",");
  const others = chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name];
  if (others.length) begin({ features: others.join(",") });
  else showError("The network needs at least one feature.");
}

// -- frames ----------------------------------------------------------------------------------------------------------

function drawNext() {
  const frame = page.next;
  page.next = null;
  if (frame === null) return;
  if (!page.waits && fits(frame)) {
    const turned = page.frame === null || page.fresh || frame.plays !== page.frame.plays;
    page.frame = frame;
    if (page.fresh) open(frame);
    draw(frame);
    if (!frame.plays) tell(frame);
    writeAddress(turned || !frame.plays);
  }
  send({ do: "shown" });
}

function fits(frame) {
  return page.stage !== null && frame.weights.map((rows) => rows.length).join() === page.stage.layers.join();
}

/** Show a new run: what does not change while it trains. */
function open(frame) {
  page.fresh = false;
  page.settings = settingsOf(frame.query);
  page.own = page.settings.own ?? page.own;
  page.sample = null;
  page.past = { epochs: [], train: [], test: [], norms: page.stage.layers.map(() => []) };
  page.pace = null;
  say(byId("pace"), "–");
  closeWeight();
  showControls();
  buildNetwork();
  buildPlane();
  buildKeys();
}

function draw(frame) {
  frame.neurons = frame.neurons.map(bytesOf);
  frame.plane = bytesOf(frame.plane);
  frame.neurons.forEach((bytes, k) => drawHeat(page.heats[k], bytes));
  drawWeights(frame);
  drawPlane();
  remember(frame);
  drawCurves();
  showNumbers(frame);
  showState(frame);
}

function showNumbers(frame) {
  say(byId("epoch"), frame.epoch.toLocaleString("en"));
  const events = new URLSearchParams(frame.query).get("events") ?? "";
  say(byId("by-hand"), String(events.split(";").filter(Boolean).length));
  for (const part of ["train", "test"]) {
    const { loss, accuracy } = frame[part];
    say(byId(`${part}-loss`), lossText(loss));
    say(byId(`${part}-accuracy`), percent(accuracy));
  }
  if (Number(controls.elements.rate.value) !== frame.rate) chooseNumber(controls.elements.rate, frame.rate);
  showPace(frame);
}

const lossText = (loss) => (loss === null || loss >= 1000 ? short(loss) : loss.toFixed(loss < 0.1 ? 4 : 3));
const percent = (share) => (share === undefined ? "–" : `${(100 * share).toFixed(1).replace(/\.0$/, "")} %`);

function showPace(frame) {
  const now = performance.now();
  if (!frame.plays && !isBehind()) page.pace = null;
  if (!page.pace || frame.epoch < page.pace.epoch) page.pace = { now, epoch: frame.epoch };
  const seconds = (now - page.pace.now) / 1000;
  if (seconds < 0.5) return;
  if (frame.epoch > page.pace.epoch) say(byId("pace"), ((frame.epoch - page.pace.epoch) / seconds).toFixed(0));
  page.pace = { now, epoch: frame.epoch };
}

const PLAY_SIGN = "M4.5 3l12 7l-12 7z";
const PAUSE_SIGN = "M4 3h4.2v14H4zM11.8 3H16v14h-4.2z";

function showState(frame) {
  byId("play-sign").setAttribute("d", frame.plays ? PAUSE_SIGN : PLAY_SIGN);
  say(byId("play-word"), frame.plays ? "Pause" : "Play");
  byId("play").disabled = byId("step").disabled = frame.stopped !== null;
  say(byId("state"), stateWord(frame));
  byId("stopped").hidden = !frame.stopped;
  const advice = "Try a smaller learning rate, another activation or smaller weights, then reset.";
  if (frame.stopped) say(byId("stopped-text"), `Training stopped: ${frame.stopped.split("\n")[0]}. ${advice}`);
}

function stateWord(frame) {
  if (frame.stopped) return "Stopped";
  if (isBehind()) return `On its way to epoch ${page.target}`;
  return frame.plays ? "Playing" : "Paused";
}

/** Tell people who do not see the page where a run stands; only when it rests. */
function tell(frame) {
  if (isBehind()) return;
  const told = ["train", "test"].map((part) => {
    const accuracy = frame[part].accuracy === undefined ? "" : `, accuracy ${percent(frame[part].accuracy)}`;
    return `${part === "train" ? "training" : "test"} loss ${short(frame[part].loss)}${accuracy}`;
  });
  say(byId("summary"), `Epoch ${frame.epoch}: ${told.join("; ")}.`);
}

// -- heat maps -------------------------------------------------------------------------------------------------------

/** Colours of signed bytes from orange over white to blue, as `signed_pixels` has them; less than whole if pale. */
function palette(strength) {
  const [orange, white, blue] = [[230, 118, 40], [246, 246, 246], [36, 107, 188]];
  const bytes = new Uint8ClampedArray(4 * 256);
  for (let value = -128; value < 128; value += 1) {
    const end = value < 0 ? orange : blue;
    const share = strength * Math.min(Math.abs(value) / 127, 1);
    bytes.set([...white.map((part, k) => part + (end[k] - part) * share), 255], 4 * (value & 255));
  }
  return new Uint32Array(bytes.buffer);
}

const WHOLE = palette(1);
const PALE = palette(0.75); // behind points, which have the whole colours

function heat(side, colours, canvas = made("canvas")) {
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  return { canvas, context, image, pixels: new Uint32Array(image.data.buffer), colours, side };
}

function drawHeat(map, bytes) {
  for (let k = 0; k < bytes.length; k += 1) map.pixels[k] = map.colours[bytes[k]];
  map.context.putImageData(map.image, 0, 0);
}

// -- the network -----------------------------------------------------------------------------------------------------

const BOX = 44;
const PITCH = 53;
const HEAD = 58;
const LABELS = 62; // room for the names of features, left of their boxes
const NARROWEST = 73; // from column to column
const WIDEST = 150;

/** Where columns and boxes stand, for the room there is. */
function plan() {
  const counts = [Object.keys(page.choices.features).length, ...page.stage.layers];
  const rows = Math.max(...counts);
  const room = byId("network-scroll").clientWidth - 12 - LABELS - BOX - 8;
  const step = Math.min(WIDEST, Math.max(NARROWEST, room / (counts.length - 1)));
  return {
    width: LABELS + step * (counts.length - 1) + BOX + 8, height: HEAD + rows * PITCH,
    left: (column) => LABELS + step * column,
    top: (column, k) => HEAD + ((rows - counts[column]) / 2 + k) * PITCH + (PITCH - BOX) / 2,
  };
}

function buildNetwork() {
  const focused = document.activeElement?.id;
  const places = plan();
  const network = byId("network");
  network.style.width = `${places.width}px`;
  network.style.height = `${places.height}px`;
  page.heats = [];
  page.preview = null;
  network.replaceChildren(...heads(places), ...featureButtons(places), ...neuronButtons(places), weightLines(places));
  const hidden = page.stage.layers.length - 1;
  say(byId("layers-said"), hidden === 1 ? "1 hidden layer" : `${hidden} hidden layers`);
  byId("fewer-layers").disabled = hidden === 0;
  byId("more-layers").disabled = hidden >= page.choices.most_layers;
  if (focused && document.activeElement === document.body) refocus(focused);
}

function refocus(id) {
  const other = id.replace(/^(more|fewer)/, (word) => (word === "more" ? "fewer" : "more"));
  byId(byId(id)?.disabled ? other : id)?.focus();
}

function placed(element, left, top) {
  element.style.left = `${left}px`;
  element.style.top = `${top}px`;
  return element;
}

function heads(places) {
  const hidden = page.stage.layers.length - 1;
  const middle = (column) => places.left(column) + BOX / 2;
  const columns = page.stage.layers
    .slice(0, hidden)
    .map((count, k) => placed(hiddenHead(count, k), middle(k + 1), 0));
  const features = made("div", { class: "head" }, "features", made("small", {}, "click to choose"));
  const output = made(
    "div", { class: "head" }, "output",
    made("small", {}, page.settings.problem === "regression" ? "a number" : "a class"),
  );
  return [placed(features, middle(0) - 14, 0), ...columns, placed(output, middle(hidden + 1), 0)];
}

function hiddenHead(count, layer) {
  const sizes = page.stage.layers.slice(0, -1);
  const button = (word, sign, by, limit) => {
    const label = `${by > 0 ? "Add a neuron to" : "Remove a neuron from"} layer ${layer}`;
    const built = made("button", { type: "button", id: `${word}-${layer}`, "aria-label": label, title: label }, sign);
    built.disabled = count === limit;
    built.onclick = () => changeLayers(sizes.map((size, k) => (k === layer ? size + by : size)));
    return built;
  };
  const pair = made(
    "div", { class: "pair" }, button("fewer", "−", -1, 1), made("b", {}, String(count)),
    button("more", "+", 1, page.choices.most_neurons),
  );
  return made(
    "div", { class: "head", role: "group", "aria-label": `Layer ${layer}, ${count} neurons` }, `layer ${layer}`, pair,
  );
}

function featureButtons(places) {
  const chosen = page.settings.features.split(",");
  return Object.entries(page.choices.features).map(([name, title], k) => {
    const map = heat(SIDE, WHOLE);
    drawHeat(map, bytesOf(page.stage.features[name]));
    const button = made(
      "button",
      {
        type: "button", id: `feature-${name}`, class: "feature", "aria-pressed": chosen.includes(name),
        title: `Feature ${title}: give it to the network, or not`,
      },
      title,
      map.canvas,
    );
    button.onclick = () => toggleFeature(name);
    button.style.width = `${LABELS + BOX}px`;
    previews(button, () => ({ bytes: bytesOf(page.stage.features[name]), side: SIDE, text: `Feature ${title}.` }));
    return placed(button, 0, places.top(0, k));
  });
}

function neuronButtons(places) {
  return page.stage.layers.flatMap((count, layer) =>
    Array.from({ length: count }, (_, neuron) => {
      const map = heat(SIDE, WHOLE);
      const index = page.heats.push(map) - 1;
      const label = `${neuronName(layer, neuron)}: look inside`;
      const button = made(
        "button",
        { type: "button", id: `neuron-${layer}-${neuron}`, class: "neuron", "aria-label": label, title: label },
        map.canvas,
      );
      button.onclick = () => lookInside(layer, neuron);
      previews(button, () => neuronPreview(index, layer, neuron));
      return placed(button, places.left(layer + 1), places.top(layer + 1, neuron));
    }),
  );
}

function neuronPreview(index, layer, neuron) {
  const reach = short(page.frame.reach[index]);
  return {
    bytes: page.frame.neurons[index], side: SIDE,
    text: `Output of ${neuronName(layer, neuron)}, wholly coloured at −${reach} and ${reach}.`,
  };
}

/** Show on the plane what a button stands for, while the pointer or the focus rests on it. */
function previews(button, preview) {
  const start = () => {
    page.preview = preview;
    drawPlane();
  };
  const end = () => {
    page.preview = null;
    drawPlane();
  };
  button.onpointerenter = start;
  button.onpointerleave = end;
  button.onblur = end;
  button.onfocus = () => button.matches(":focus-visible") && start();
}

// -- weights ---------------------------------------------------------------------------------------------------------

function weightLines(places) {
  const names = Object.keys(page.choices.features);
  const chosen = page.settings.features.split(",").map((name) => names.indexOf(name));
  page.parameters = page.stage.layers.flatMap((count, layer) => {
    const sources = layer
      ? Array.from({ length: page.stage.layers[layer - 1] }, (_, k) => k)
      : chosen.sort((a, b) => a - b);
    return Array.from({ length: count }, (_, neuron) => [
      ...sources.map((source, input) => weightLine(places, layer, neuron, input, source)),
      biasSquare(places, layer, neuron, sources.length),
    ]).flat();
  });
  page.parameters[0].hit.setAttribute("tabindex", "0");
  const group = drawn("g", {
    role: "group", "aria-label": "Weights and biases: arrow keys go from one to the next, Enter changes it",
  });
  for (const word of ["weight", "bias"]) {
    const some = page.parameters.filter((each) => each.word === word);
    group.append(...some.map((each) => each.line), ...some.map((each) => each.hit));
  }
  return drawn("svg", { id: "weights", width: places.width, height: places.height }, group);
}

function weightLine(places, layer, neuron, input, source) {
  const [x1, y1] = [places.left(layer) + BOX, places.top(layer, source) + BOX / 2];
  const [x2, y2] = [places.left(layer + 1), places.top(layer + 1, neuron) + BOX / 2];
  const half = (x1 + x2) / 2;
  const d = `M${x1} ${y1}C${half} ${y1} ${half} ${y2} ${x2} ${y2}`;
  const from = layer ? neuronName(layer - 1, source) : Object.values(page.choices.features)[source];
  const name = `${from} → ${neuronName(layer, neuron)}`;
  const hit = hitOf("path", { d, "aria-label": `weight ${name}` });
  return { layer, neuron, input, name, word: "weight", line: drawn("path", { d }), hit };
}

function biasSquare(places, layer, neuron, input) {
  const [x, y] = [places.left(layer + 1) - 13, places.top(layer + 1, neuron) + BOX - 9];
  const line = drawn("rect", { x, y, width: 9, height: 9 });
  const name = neuronName(layer, neuron);
  const size = { x: x - 3, y: y - 3, width: 15, height: 15, style: "stroke-width:2" };
  const hit = hitOf("rect", { ...size, "aria-label": `bias ${name}` });
  return { layer, neuron, input, name, word: "bias", line, hit };
}

function hitOf(kind, attributes) {
  return drawn(kind, { ...attributes, class: "hit", tabindex: "-1", role: "button" });
}

const numberAt = (table, { layer, neuron, input }) => table[layer][neuron][input];

function drawWeights(frame) {
  let widest = 0;
  for (const each of page.parameters)
    widest = Math.max(widest, each.word === "weight" ? Math.abs(numberAt(frame.weights, each)) : 0);
  say(byId("widest"), short(widest, 2));
  for (const each of page.parameters) drawWeight(each, numberAt(frame.weights, each), widest || 1);
  if (page.held) showWeight();
}

function drawWeight(parameter, value, widest) {
  const share = Math.min(Math.abs(value) / widest, 1);
  const sign = value < 0 ? "neg" : "pos";
  const look =
    parameter.word === "bias"
      ? `bias ${sign}`
      : `${sign};stroke-width:${Math.max(0.5, 7 * share).toFixed(1)};opacity:${(0.3 + 0.7 * share).toFixed(2)}`;
  if (parameter.look === look) return;
  parameter.look = look;
  const [kind, ...style] = look.split(";");
  parameter.line.setAttribute("class", kind);
  if (style.length) parameter.line.setAttribute("style", style.join(";"));
}

/** Show the number of a weight beside it: while it is rested on, or, to be changed, until it is closed. */
function openWeight(parameter, x, y, edits) {
  closeWeight();
  page.held = { parameter, edits };
  parameter.hit.classList.add("held");
  byId("weight").hidden = false;
  byId("weight").classList.toggle("resting", !edits);
  say(byId("weight-name"), parameter.word === "bias" ? `bias of ${parameter.name}` : parameter.name);
  say(byId("weight-word"), parameter.word);
  showWeight(true);
  beside(byId("weight"), x, y);
  if (edits) byId("weight-value").select();
}

function beside(card, x, y) {
  const { width, height } = card.getBoundingClientRect();
  card.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - width - 8))}px`;
  card.style.top = `${y + 14 + height > innerHeight ? Math.max(8, y - height - 14) : y + 14}px`;
}

function showWeight(atOnce = false) {
  const { parameter, edits } = page.held;
  const value = numberAt(page.frame.weights, parameter);
  const gradient = short(numberAt(page.frame.gradients, parameter), 4);
  if (atOnce || !edits) byId("weight-value").value = value === null ? "" : Number(value.toPrecision(6));
  say(byId("weight-gradient"), gradient);
  if (atOnce)
    parameter.hit.setAttribute(
      "aria-label", `${parameter.word} ${parameter.name}: ${short(value, 4)}, gradient ${gradient}`,
    );
}

function closeWeight() {
  page.held?.parameter.hit.classList.remove("held");
  page.held = null;
  byId("weight").hidden = true;
}

function setWeight(event) {
  event.preventDefault();
  const { layer, neuron, input, hit } = page.held.parameter;
  changeByHand({ do: "weight", layer, neuron, input, value: byId("weight-value").valueAsNumber });
  closeWeight();
  hit.focus({ preventScroll: true });
}

const parameterOf = (element) => page.parameters.find((each) => each.hit === element);

function middleOf(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
}

function walkWeights(event) {
  const at = parameterOf(event.target);
  if (!at) return;
  const index = page.parameters.indexOf(at);
  const inLayer = (layer) => page.parameters.find((each) => each.layer === layer) ?? at;
  const to = {
    ArrowDown: () => page.parameters[index + 1] ?? at, ArrowUp: () => page.parameters[index - 1] ?? at,
    ArrowRight: () => inLayer(at.layer + 1), ArrowLeft: () => inLayer(at.layer - 1), Home: () => page.parameters[0],
    End: () => page.parameters.at(-1),
  }[event.key];
  if (to) {
    at.hit.setAttribute("tabindex", "-1");
    to().hit.setAttribute("tabindex", "0");
    to().hit.focus();
  } else if (event.key === "Enter" || event.key === " ") openWeight(at, ...middleOf(at.hit), true);
  else return;
  event.preventDefault();
}

function listenToWeights() {
  const network = byId("network");
  const rest = (event) => {
    const at = parameterOf(event.target);
    if (!at || page.held?.edits) return;
    openWeight(at, ...(event.type === "pointerover" ? [event.clientX, event.clientY] : middleOf(at.hit)), false);
  };
  const leave = () => page.held && !page.held.edits && closeWeight();
  network.addEventListener("pointerover", rest);
  network.addEventListener("pointerout", leave);
  network.addEventListener("focusin", rest);
  network.addEventListener("focusout", leave);
  network.addEventListener("keydown", walkWeights);
  network.addEventListener("click", (event) => {
    const at = parameterOf(event.target);
    if (at) openWeight(at, event.clientX, event.clientY, true);
  });
  byId("weight").addEventListener("submit", setWeight);
  addEventListener("pointerdown", (event) => page.held && !byId("weight").contains(event.target) && closeWeight());
}

// -- the answer over the two inputs ----------------------------------------------------------------------------------

const PLOT = { left: 34, top: 6, size: 360 }; // of 400 by 400
const SHAPES = [
  (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  (r) => `M${-0.9 * r} ${-0.9 * r}h${1.8 * r}v${1.8 * r}h${-1.8 * r}z`,
];
const shapeOf = (kind, scale = 1) => SHAPES[kind](Number((4.2 * scale).toFixed(2)));
const across = (number) => PLOT.left + (PLOT.size * (number + page.stage.reach)) / (2 * page.stage.reach);
const upward = (number) => 2 * PLOT.top + PLOT.size - (across(number) - PLOT.left) - PLOT.top;

function buildPlane() {
  const points = [
    ...page.stage.test.map((point, k) => pointMark(point, k, "test")),
    ...page.stage.train.map((point, k) => pointMark(point, k, "training")),
  ];
  const rim = drawn("rect", { class: "rim", x: PLOT.left, y: PLOT.top, width: PLOT.size, height: PLOT.size });
  page.rings = ["ring under", "ring"].map((name) => drawn("circle", { class: name, r: 8 }));
  byId("points").replaceChildren(rim, ...planeTicks(), ...points, ...page.rings);
  ringSample();
}

function pointMark([x1, x2, target], k, part) {
  const kind = target > 0 ? 1 : 0;
  const told = page.settings.problem === "regression" ? `target ${short(target)}` : `class ${target}`;
  const mark = drawn("path", {
    class: `point ${part === "test" ? "test" : "train"} class${kind}`, d: shapeOf(kind),
    transform: `translate(${across(x1).toFixed(1)} ${upward(x2).toFixed(1)})`,
  });
  if (part === "training") mark.dataset.sample = k;
  if (part === "training" && page.settings.problem === "regression") mark.style.fill = colourOf(target);
  mark.append(drawn("title", {}, `${part} point ${k}: ${told}`));
  return mark;
}

function colourOf(share) {
  const [red, green, blue] = new Uint8Array(
    WHOLE.buffer, 4 * (Math.round(127 * Math.max(-1, Math.min(1, share))) & 255), 3,
  );
  return `rgb(${red} ${green} ${blue})`;
}

function planeTicks() {
  const end = PLOT.top + PLOT.size;
  const numbers = roundNumbers(-page.stage.reach, page.stage.reach, 6);
  const label = (x, y, text, kind = "") => drawn("text", { x, y, class: kind }, text);
  return [
    ...numbers.flatMap((each) => [
      drawn("path", { class: "tick", d: `M${across(each)} ${end}v4M${PLOT.left} ${upward(each)}h-4` }),
      label(across(each), end + 17, short(each)),
      label(PLOT.left - 16, upward(each) + 4.5, upward(each) < PLOT.top + 26 ? "" : short(each)), // there stands x₂
    ]),
    label(PLOT.left + PLOT.size - 8, end + 31, "x₁", "name"),
    label(PLOT.left - 18, PLOT.top + 12, "x₂", "name"),
  ];
}

function ringSample() {
  const [x1, x2] = page.stage.train[page.sample ?? 0];
  for (const ring of page.rings) {
    ring.setAttribute("transform", `translate(${across(x1)} ${upward(x2)})`);
    ring.setAttribute("visibility", page.sample === null ? "hidden" : "visible");
  }
}

const surface = { context: byId("surface").getContext("2d"), maps: {} };

function drawPlane() {
  if (!page.frame) return;
  const { bytes, side, text } = page.preview?.() ?? {
    bytes: page.frame.plane, side: Math.sqrt(page.frame.plane.length), text: answerText(),
  };
  surface.maps[side] ??= heat(side, PALE);
  drawHeat(surface.maps[side], bytes);
  const [width, height] = fitted(surface.context.canvas);
  surface.context.imageSmoothingQuality = "high";
  surface.context.drawImage(surface.maps[side].canvas, 0, 0, width, height);
  surface.context.strokeStyle = "#1f2430";
  surface.context.lineWidth = width / 260;
  surface.context.stroke(zeroLine(bytes, side, width / side));
  say(byId("plane-said"), text);
}

function answerText() {
  const sure =
    page.settings.problem === "regression"
      ? "What it answers; on the dark line, that is 0."
      : "How sure the network is; on the dark line it cannot tell.";
  return `${sure} Click a training point to look at it.`;
}

/** The line between the numbers below 0 and the others: per square of four points, between the sides it crosses. */
function zeroLine(bytes, side, scale) {
  const path = new Path2D();
  const at = (x, y) => (bytes[y * side + x] << 24) >> 24;
  for (let y = 0; y + 1 < side; y += 1) {
    for (let x = 0; x + 1 < side; x += 1) {
      const crossed = crossings(at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y + 1));
      crossed.forEach(([dx, dy], k) =>
        path[k % 2 ? "lineTo" : "moveTo"]((x + dx + 0.5) * scale, (y + dy + 0.5) * scale),
      );
    }
  }
  return path;
}

const NO_CROSSINGS = [];

function crossings(a, b, c, d) {
  const below = (a < 0) + (b < 0) + (c < 0) + (d < 0);
  if (below === 0 || below === 4) return NO_CROSSINGS;
  const found = [];
  if (a < 0 !== b < 0) found.push([a / (a - b), 0]);
  if (b < 0 !== c < 0) found.push([1, b / (b - c)]);
  if (c < 0 !== d < 0) found.push([d / (d - c), 1]);
  if (d < 0 !== a < 0) found.push([0, a / (a - d)]);
  return found;
}

function nearestSample(event) {
  const box = byId("points").getBoundingClientRect();
  const [x, y] = [(400 * (event.clientX - box.left)) / box.width, (400 * (event.clientY - box.top)) / box.height];
  const far = page.stage.train.map(([x1, x2]) => Math.hypot(across(x1) - x, upward(x2) - y));
  const nearest = far.indexOf(Math.min(...far));
  return far[nearest] < 14 ? nearest : null;
}

function clickPlane(event) {
  const sample = page.stage && nearestSample(event);
  if (sample === null) return;
  page.sample = sample;
  lookInside(page.stage.layers.length - 1, 0);
}

function buildKeys() {
  const number = page.settings.problem === "regression";
  const [low, high] = number ? ["below 0", "above 0"] : ["class 0", "class 1"];
  const entry = (kind, part, text) =>
    keyEntry(text, "-6 -6 12 12", `point ${part} class${kind}`, shapeOf(kind), "small");
  byId("points-key").replaceChildren(entry(0, "", low), entry(1, "", high), entry(0, "test", "test point"));
  say(byId("low-said"), number ? "−1" : "class 0");
  say(byId("high-said"), number ? "1" : "class 1");
  byId("accuracy-head").hidden = byId("train-accuracy").hidden = byId("test-accuracy").hidden = number;
  const lines = page.stage.layers.map((_, k) => keyEntry(layerName(k), "0 0 24 10", `curve c${k % 7}`, "M0 5h24"));
  byId("norms-key").replaceChildren(...lines);
}

function keyEntry(text, viewBox, look, d, size = "") {
  const sign = drawn("svg", { viewBox, class: size, "aria-hidden": "true" }, drawn("path", { class: look, d }));
  return made("li", {}, sign, text);
}

// -- curves ----------------------------------------------------------------------------------------------------------

const MOST_KEPT = 1200;
const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3], [4, 3], [12, 3], [1, 2]]; // of the lines, as in the key

/** Keep the numbers of a frame for the curves; of very many, every second is let go. */
function remember(frame) {
  const { past } = page;
  const lists = [past.epochs, past.train, past.test, ...past.norms];
  if (past.epochs.at(-1) === frame.epoch) for (const list of lists) list.pop();
  past.epochs.push(frame.epoch);
  past.train.push(frame.train.loss);
  past.test.push(frame.test.loss);
  past.norms.forEach((list, k) => list.push(frame.norms[k] ?? null));
  if (past.epochs.length <= MOST_KEPT) return;
  for (const list of lists)
    list.splice(0, list.length, ...list.filter((_, k) => k % 2 === 0 || k === list.length - 1));
}

function drawCurves() {
  const { past } = page;
  const rise = past.train.concat(past.test).filter(Number.isFinite);
  chart(byId("losses"), [past.train, past.test], [0, 1.05 * Math.max(...rise, 1e-9)], false, "loss");
  const sizes = past.norms.flat().filter((each) => each > 0);
  const [low, high] = sizes.length ? [Math.min(...sizes), Math.max(...sizes)] : [0.1, 1];
  chart(
    byId("norms"), past.norms, [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.001))], true,
    "norm",
  );
}

/** The size of a canvas in its own pixels; it follows what the page gives it. */
function fitted(canvas) {
  const [width, height] = page.sizes.get(canvas) ?? [300, 150];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  return [width, height];
}

function chart(canvas, lines, [low, high], logarithmic, name) {
  const ratio = devicePixelRatio;
  const [width, height] = fitted(canvas).map((each) => each / ratio);
  const context = canvas.getContext("2d");
  const last = Math.max(page.past.epochs.at(-1), 10);
  const [bend, base] = logarithmic ? [Math.log10, Math.log10(low)] : [(each) => each, low];
  const x = (epoch) => 46 + ((width - 60) * epoch) / last;
  const y = (number) => height - 24 - ((height - 42) * (bend(number) - base)) / (bend(high) - base);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  chartAxes(context, {
    x, y, width, height, name, numbers: logarithmic ? decades(low, high) : roundNumbers(low, high, 4),
    epochs: roundNumbers(0, last, width / 80),
  });
  lines.forEach((line, k) => chartLine(context, line, x, y, k, logarithmic));
}

function chartAxes(context, { x, y, width, height, name, numbers, epochs }) {
  context.font = `12px ${page.colours.font}`;
  context.fillStyle = page.colours.dim;
  context.strokeStyle = page.colours.grid;
  context.lineWidth = 1;
  context.setLineDash([]);
  context.textAlign = "right";
  for (const number of numbers) {
    context.fillText(tickText(number), 40, y(number) + 4);
    context.strokeRect(46, Math.round(y(number)) + 0.5, width - 60, 0);
  }
  context.textAlign = "center";
  for (const epoch of epochs) if (x(epoch) < width - 60) context.fillText(epoch, x(epoch), height - 6);
  context.textAlign = "right";
  context.fillText("epoch", width - 8, height - 6);
  context.textAlign = "left";
  context.fillText(name, 46, 11);
}

const tickText = (number) => (Math.abs(number) < 1e5 ? short(number) : number.toExponential(0).replace("+", ""));

function chartLine(context, line, x, y, k, logarithmic) {
  const stride = Math.max(1, Math.floor(line.length / 600));
  let pen = "moveTo";
  context.beginPath();
  line.forEach((number, index) => {
    if (index % stride && index !== line.length - 1) return;
    if (number === null || (logarithmic && number <= 0)) pen = "moveTo";
    else {
      context[pen](x(page.past.epochs[index]), y(number));
      pen = "lineTo";
    }
  });
  context.strokeStyle = page.colours.lines[k % 7];
  context.setLineDash(DASHES[k % 7]);
  context.lineWidth = 1.8;
  context.stroke();
}

/** Round numbers from low to high, at steps of 1, 2 or 5 times a power of ten. */
function roundNumbers(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= 0.999 * rough);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, k) =>
    Number(((first + k) * step).toPrecision(12)),
  );
}

function decades(low, high) {
  const [first, last] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
  const step = Math.max(1, Math.ceil((last - first) / 4));
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, k) => 10 ** (first + k * step));
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  page.colours = {
    dim: colour("dim"), grid: colour("grid"), lines: [0, 1, 2, 3, 4, 5, 6].map((k) => colour(`c${k}`)),
    font: getComputedStyle(document.body).fontFamily,
  };
}

// -- a look inside ---------------------------------------------------------------------------------------------------

function lookInside(layer, neuron) {
  closeWeight();
  page.looked = [layer, neuron];
  page.sample ??= 0;
  ringSample();
  send({ do: "play", on: false });
  send({ do: "look", layer, neuron, sample: page.sample });
}

function hearLook(seen) {
  const { epoch } = page.next ?? page.frame;
  say(byId("look-title"), `Inside ${neuronName(seen.layer, seen.neuron)}`);
  say(
    byId("look-about"),
    `After epoch ${epoch}, at ${seen.about}. There are points 0 to ${page.stage.train.length - 1}.`,
  );
  byId("look-error").hidden = true;
  byId("drawing").src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(seen.drawing)}`;
  byId("steps").srcdoc = seen.steps;
  byId("sample").max = page.stage.train.length - 1;
  byId("sample").value = page.sample;
  if (!byId("look").open) byId("look").showModal();
}

function lookAt(sample) {
  const count = page.stage.train.length;
  page.sample = (sample + count) % count;
  lookInside(...page.looked);
}

// -- what is pressed -------------------------------------------------------------------------------------------------

const play = () => send({ do: "play", on: !page.frame?.plays });
const step = () => !byId("step").disabled && send({ do: "step" });

function reset() {
  send({ do: "play", on: false });
  begin({});
}

function press(event) {
  const at = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || byId("look").open) return;
  if (event.key === "Escape" && page.held) return leaveWeight();
  const types = at.matches("select, input:not([type=range], [type=radio], [type=checkbox])");
  const free = !at.closest("button, input, select, .hit, [tabindex]");
  const action = event.key === " " ? free && play : !types && { s: step, r: reset }[event.key];
  if (!action || !page.frame) return;
  event.preventDefault();
  action();
}

function leaveWeight() {
  const { hit } = page.held.parameter;
  const { edits } = page.held;
  closeWeight();
  if (edits) hit.focus({ preventScroll: true });
}

function hideError() {
  byId("error").hidden = true;
}

function listen() {
  const clicks = {
    play, step, reset, dismiss: hideError, reconnect: connect, surface: clickPlane, points: clickPlane,
    "new-seed": () => begin({ seed: Math.floor(Math.random() * 1e6) }),
    "more-layers": () => changeLayers([...page.stage.layers.slice(0, -1), page.stage.layers.at(-2) ?? 4]),
    "fewer-layers": () => changeLayers(page.stage.layers.slice(0, -2)), earlier: () => lookAt(page.sample - 1),
    later: () => lookAt(page.sample + 1), "close-look": () => byId("look").close(),
  };
  for (const [id, action] of Object.entries(clicks)) byId(id).addEventListener("click", action);
  controls.addEventListener("change", change);
  controls.addEventListener("input", showSliders);
  controls.addEventListener("submit", (event) => event.preventDefault());
  byId("look-sample").addEventListener("submit", (event) => event.preventDefault());
  byId("sample").addEventListener(
    "change", (event) => event.target.reportValidity() && lookAt(event.target.valueAsNumber),
  );
  addEventListener("keydown", press);
  addEventListener("hashchange", () => load(location.hash.slice(1)));
  listenToWeights();
  listenToSizes();
}

function listenToSizes() {
  const observer = new ResizeObserver((entries) => {
    const wider = entries.map(resize).some((width) => width);
    if (!page.frame || page.fresh || page.waits) return;
    if (wider && byId("network").style.width !== `${plan().width}px`) relayNetwork();
    drawPlane();
    drawCurves();
  });
  for (const id of ["surface", "losses", "norms", "network-scroll"]) observer.observe(byId(id));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColours();
    if (page.past) drawCurves();
  });
}

/** Keep the size of a part of the page; return whether it is that of the network, and has another width. */
function resize({ target, contentRect: { width, height } }) {
  const before = page.sizes.get(target);
  page.sizes.set(target, [width, height].map((each) => Math.round(each * devicePixelRatio)));
  return target.id === "network-scroll" && before?.[0] !== page.sizes.get(target)[0];
}

function relayNetwork() {
  closeWeight();
  buildNetwork();
  page.frame.neurons.forEach((bytes, k) => drawHeat(page.heats[k], bytes));
  drawWeights(page.frame);
}

readColours();
listen();
connect();
