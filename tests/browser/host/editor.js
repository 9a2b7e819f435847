// The part of an editor that has the kernel: it keeps the widgets' state and speaks with the frames of the outputs by
// postMessage, as VS Code's extension host and Colab's page do. `exchange` is a binding of the test's.
//
// `data-apart` says whether the outputs of each cell have a frame and an origin of their own, as in Colab.

const APART = document.body.dataset.apart === "true";
const frames = new Map();
const ready = new Set();
let suffix = "";
const models = new Map();
const outputs = new Map();
const outbox = [];

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
const base64 = (buffer) => {
  let letters = "";
  for (const code of new Uint8Array(buffer)) letters += String.fromCharCode(code);
  return btoa(letters);
};

function frameOf(cell) {
  const name = APART ? cell : "all";
  if (!frames.has(name)) {
    const frame = document.createElement("iframe");
    frame.dataset.cell = name;
    // What one of VS Code's webviews may.
    frame.sandbox = "allow-scripts allow-same-origin allow-forms allow-downloads";
    frame.src = `https://outputs${APART ? `-${frames.size + 1}` : ""}.example/${suffix}`;
    frames.set(name, document.body.appendChild(frame));
  }
  return frames.get(name);
}

function again() {
  suffix = "?again";
  for (const frame of frames.values()) frame.remove();
  frames.clear();
  ready.clear();
  if (!APART) frameOf("");
  for (const { cell } of outputs.values()) frameOf(cell);
}

function tell(frame, message, buffers = []) {
  // What it has to know by then it asks for once it is ready.
  if (!ready.has(frame)) return;
  const own = buffers.map((one) => one.slice(0));
  frame.contentWindow.postMessage({ ...message, buffers: own }, "*", own);
}

function tellAll(message, buffers) {
  for (const frame of frames.values()) tell(frame, message, buffers);
}

const take = {
  open({ comm, data }) {
    models.set(comm, data.state ?? {});
  },
  message({ comm, data, buffers }) {
    if (data.method === "update") Object.assign(models.get(comm) ?? {}, data.state);
    tellAll({ type: "message", comm, data }, buffers.map(bytes));
  },
  close({ comm }) {
    models.delete(comm);
    tellAll({ type: "close", comm });
  },
  output(output) {
    outputs.set(output.key, output);
    tell(frameOf(output.cell), { type: "output", ...output });
  },
};

window.addEventListener("message", ({ data, source }) => {
  const frame = [...frames.values()].find((one) => one.contentWindow === source);
  if (frame === undefined) return;
  if (data.type === "ready") {
    ready.add(frame);
    for (const output of outputs.values()) {
      if (frameOf(output.cell) === frame) tell(frame, { type: "output", ...output });
    }
  }
  if (data.type === "state") tell(frame, { type: "state", comm: data.comm, state: models.get(data.comm) });
  if (data.type === "send") {
    outbox.push({ comm: data.comm, data: data.data, buffers: data.buffers.map(base64) });
  }
});

async function live() {
  for (;;) {
    const news = await window.exchange(outbox.splice(0));
    for (const { kind, ...message } of news) take[kind](message);
    if (news.length === 0 && outbox.length === 0) await new Promise((done) => setTimeout(done, 20));
  }
}
if (!APART) frameOf("");
void live();
