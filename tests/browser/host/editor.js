// The part of an editor that has the kernel: it keeps the widgets' state and speaks with the frame of the outputs by
// postMessage, as VS Code's extension host and Colab's page do. `exchange` is a binding of the test's.

const frame = document.querySelector("iframe");
const models = new Map();
const outputs = new Map();
const outbox = [];

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
const base64 = (buffer) => {
  let letters = "";
  for (const code of new Uint8Array(buffer)) letters += String.fromCharCode(code);
  return btoa(letters);
};

function tell(message, buffers = []) {
  frame.contentWindow.postMessage({ ...message, buffers }, "*", buffers);
}

const take = {
  open({ comm, data }) {
    models.set(comm, data.state ?? {});
  },
  message({ comm, data, buffers }) {
    if (data.method === "update") Object.assign(models.get(comm) ?? {}, data.state);
    tell({ type: "message", comm, data }, buffers.map(bytes));
  },
  close({ comm }) {
    models.delete(comm);
    tell({ type: "close", comm });
  },
  output(output) {
    outputs.set(output.key, output);
    tell({ type: "output", ...output });
  },
};

window.addEventListener("message", ({ data, source }) => {
  if (source !== frame.contentWindow) return;
  if (data.type === "ready") for (const output of outputs.values()) tell({ type: "output", ...output });
  if (data.type === "state") tell({ type: "state", comm: data.comm, state: models.get(data.comm) });
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
frame.addEventListener("load", () => void live(), { once: true });
frame.src = frame.dataset.src;
