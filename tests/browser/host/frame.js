// The frame in which a host without a Jupyter server shows outputs. The widgets' models and views are those of
// @jupyter-widgets/base and of anywidget themselves, loaded as AMD modules, which is what these hosts do; here are only
// the manager and the comms, which each host writes for itself.
//
// `data-views` names what a message's bytes are handed over as: VS Code gives `DataView`, Colab `Uint8Array`.

const asked = new Map();
const models = new Map();
const comms = new Map();
const VIEW = { DataView, Uint8Array }[document.body.dataset.views];

// ---- AMD, as far as two modules need it

const modules = { module: { id: "", uri: "" } };
window.Jupyter = { version: "6.5.7" };
window.requirejs = Object.assign(() => {}, { config: () => {} });
function expectModule(name) {
  window.define = (needs, factory) => {
    modules[name] = factory(...needs.map((need) => modules[need]));
  };
}

// ---- comms

class Comm {
  constructor(id) {
    this.comm_id = id;
    this.heard = () => {};
    this.closed = () => {};
    comms.set(id, this);
  }
  on_msg(heard) {
    this.heard = heard;
  }
  on_close(closed) {
    this.closed = closed;
  }
  send(data, callbacks, _metadata, buffers = []) {
    const whole = buffers.map((one) =>
      ArrayBuffer.isView(one)
        ? one.buffer.slice(one.byteOffset, one.byteOffset + one.byteLength)
        : one.slice(0),
    );
    parent.postMessage({ type: "send", comm: this.comm_id, data, buffers: whole }, "*", whole);
    setTimeout(() => callbacks?.iopub?.status?.({ content: { execution_state: "idle" } }));
    return crypto.randomUUID();
  }
  close() {}
}

// ---- the manager

const manager = {
  get_model(id) {
    if (!models.has(id)) models.set(id, make(id));
    return models.get(id);
  },
  callbacks: () => ({}),
  resolve_url: (url) => Promise.resolve(url),
  inline_sanitize: (text) => text,
};

async function make(id) {
  const comm = new Comm(id);
  const state = await new Promise((done) => {
    asked.set(id, done);
    parent.postMessage({ type: "state", comm: id }, "*");
  });
  if (state === undefined) throw new Error("There is no such model.");
  const module = modules[state._model_module];
  const Model = module[state._model_name];
  const attributes = await Model._deserialize_state(state, manager);
  return new Model(attributes, { widget_manager: manager, model_id: id, comm });
}

async function show(id, place) {
  const model = await manager.get_model(id);
  const View = modules[model.get("_view_module")][model.get("_view_name")];
  const view = new View({ model, el: place.appendChild(document.createElement("div")), options: {} });
  await view.render();
  views.set(place.dataset.key, view);
}

// ---- outputs

const views = new Map();

async function draw({ key, cell, data }) {
  const place =
    document.querySelector(`[data-key="${key}"]`) ?? document.body.appendChild(document.createElement("div"));
  Object.assign(place.dataset, { key, cell });
  views.get(key)?.remove();
  views.delete(key);
  place.replaceChildren();
  const widget = data["application/vnd.jupyter.widget-view+json"];
  // Without its model another format is shown.
  if (widget !== undefined && (await manager.get_model(widget.model_id).catch(() => undefined)) !== undefined) {
    await show(widget.model_id, place);
  } else if ("text/html" in data) place.innerHTML = data["text/html"];
  else place.textContent = data["text/plain"] ?? "";
}

const take = {
  output: draw,
  state: ({ comm, state }) => asked.get(comm)?.(state),
  message({ comm, data, buffers }) {
    const views = buffers.map((buffer) => new VIEW(buffer));
    comms.get(comm)?.heard({ content: { comm_id: comm, data }, buffers: views, parent_header: {} });
  },
  close: ({ comm }) => comms.get(comm)?.closed({}),
};

let before = Promise.resolve();
window.addEventListener("message", ({ data, source }) => {
  if (source !== parent) return;
  // Outputs in order; what they wait for comes between them.
  if (data.type === "output") before = before.then(() => draw(data));
  else take[data.type](data);
});
