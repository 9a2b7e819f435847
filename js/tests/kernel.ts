// A kernel's side of a widget model, for tests: it keeps what is sent and answers when told.

import type { AnyModel } from "@anywidget/types";
import type { Kind } from "../src/core/connection";
import type { Card, Command } from "../src/protocol.gen";
import type { GridState } from "./fixtures";

type Handler = (content?: unknown, buffers?: DataView[]) => void;

export class FakeModel {
  readonly sent: Command[] = [];
  /** The bytes that came along with the messages that were sent, in order. */
  readonly buffers: ArrayBuffer[] = [];
  private readonly handlers = new Map<string, Set<Handler>>();
  private readonly traits: Record<string, unknown>;

  constructor(card: Card, kind = "job") {
    this.traits = { _kind: kind, opened: card, changed: {} };
  }

  get(name: string): unknown {
    return this.traits[name];
  }

  on(event: string, handler: Handler): void {
    this.handlers.set(event, (this.handlers.get(event) ?? new Set()).add(handler));
  }

  off(event: string, handler: Handler): void {
    this.handlers.get(event)?.delete(handler);
  }

  send(message: Command, _callbacks?: unknown, buffers: ArrayBuffer[] = []): void {
    this.sent.push(message);
    this.buffers.push(...buffers);
  }

  /** The model of a sweep: its cells in one batch. */
  static ofGrid({ grid, summary, cells }: GridState): FakeModel {
    const model = new FakeModel({} as Card, "sweep");
    Object.assign(model.traits, { grid, summary, cells_0: cells });
    return model;
  }

  /** The model of a panel. */
  static ofPanel(state: object): FakeModel {
    const model = new FakeModel({} as Card, "panel");
    Object.assign(model.traits, structuredClone(state));
    return model;
  }

  /** Python writes traits, and the browser hears of all of them at once. */
  set(traits: Record<string, unknown>): void {
    Object.assign(this.traits, traits);
    for (const name of Object.keys(traits)) this.emit(`change:${name}`);
  }

  /** How many handlers hang on it. */
  get listening(): number {
    return [...this.handlers.values()].reduce((sum, set) => sum + set.size, 0);
  }

  /** Python writes what of a card is otherwise than at first. */
  write(card: Card): void {
    this.set({ changed: card });
  }

  /** Python sends a message, to every view. */
  emit(event: string, content?: unknown, buffers?: DataView[]): void {
    for (const handler of [...(this.handlers.get(event) ?? [])]) handler(content, buffers);
  }

  /** The last message of this kind that was sent. */
  last(kind: Kind): Command {
    const message = this.sent.filter((one) => one.kind === kind).at(-1);
    if (message === undefined) throw new Error(`no "${kind}" was sent`);
    return message;
  }

  grant(kind: Kind, ok: object = {}, buffers?: DataView[]): void {
    this.emit("msg:custom", { kind: "reply", id: this.last(kind).id, ok }, buffers);
  }

  refuse(kind: Kind, message: string, hint: string): void {
    const error = { code: "not_found", message, hint };
    this.emit("msg:custom", { kind: "reply", id: this.last(kind).id, error });
  }

  as(): AnyModel {
    return this as unknown as AnyModel;
  }
}
