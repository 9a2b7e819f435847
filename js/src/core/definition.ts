// What anywidget takes from a bundle for each model, whose `_kind` picks the view.

import type { AnyModel } from "@anywidget/types";
import { type Opening, openScope } from "./bundle";
import { KernelClock } from "./clock";
import { connect, refusalOf } from "./connection";
import type { ViewKind } from "./stage";

/** The views that a bundle has, by the kind of the model. */
type Kinds = Readonly<Record<string, () => ViewKind>>;

type End = () => void;

/** Makes a definition with what its model's views share: the clock, which is set once, and what their kind keeps. */
export const definition = (kinds: Kinds) => () => {
  const clock = new KernelClock();
  let made: ViewKind | undefined;
  const kindOf = (model: AnyModel): ViewKind | undefined => {
    made ??= kinds[String(model.get("_kind"))]?.();
    return made;
  };

  return {
    initialize({ model, signal }: Opening): End {
      const life = openScope(signal);
      const asking = openScope(life.signal);
      // Not awaited: a busy kernel would keep the view from being drawn.
      clock.synchronize(connect(model, asking.signal)).catch(refusalOf).finally(asking.end);
      kindOf(model)?.open?.({ model, clock, signal: life.signal });
      return life.end;
    },

    render({ model, el, signal }: Opening & { el: HTMLElement }): End {
      const scope = openScope(signal);
      const kind = kindOf(model);
      if (kind === undefined) {
        const name = String(model.get("_kind"));
        el.textContent = `This page does not know how to show "${name}". Reload it to get the front end of this veo_nb.`;
        return scope.end;
      }
      kind.show({ model, el, clock, request: connect(model, scope.signal), signal: scope.signal });
      return scope.end;
    },
  };
};
