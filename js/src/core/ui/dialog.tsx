// A layer over the page: the browser keeps the focus in it and gives it back.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { hasNoFocus } from "./focus";
import { IconButton } from "./icons";

interface DialogProps {
  label: string;
  /** `full` takes the whole page, `small` what its words need. */
  size: "full" | "small";
  onClose: () => void;
  /** Counts how often the tree was moved to another place of the page, which closes what is open. */
  moves: number;
  children: ComponentChildren;
}

export function Dialog({ label, size, onClose, moves, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  // A move closes it, so it is opened again.
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    if (element.open) element.close();
    element.showModal();
    // Not the first button: Space plays, and must not press it.
    if (document.activeElement?.matches("textarea") !== true) element.focus();
    return () => element.close();
  }, [moves]);
  // What had the keyboard's focus may have gone with what was closed: the keys go on working.
  useLayoutEffect(() => {
    if (hasNoFocus(box.current)) box.current?.focus();
  });
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does it, which the grid listens to
    <dialog
      ref={box}
      class="veo-dialog"
      data-size={size}
      aria-label={label}
      tabIndex={-1}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === box.current && onClose()}
    >
      <div class="veo-dialog-close">
        <IconButton name="close" label="Close (Esc)" onClick={onClose} />
      </div>
      {children}
    </dialog>
  );
}
