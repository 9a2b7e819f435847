// A button that asks the kernel for something, once at a time, and says so until it is done.

import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface CommandButtonProps {
  label: string;
  /** What it says once it was pressed. */
  asked: string;
  /** Asks. It goes on saying so until the next state takes the button away, or until `rest` is called. */
  run: (rest: () => void) => unknown;
  focused?: boolean;
  /** Takes the keyboard's focus, which would go to nowhere with the button. */
  onGone: (button: HTMLElement) => void;
}

export function CommandButton({ label, asked, run, focused = false, onGone }: CommandButtonProps) {
  const [waiting, setWaiting] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const element = button.current;
    if (focused) element?.focus();
    return () => {
      if (element !== null && element === document.activeElement) onGone(element);
    };
  }, [focused]);

  const click = () => {
    if (waiting) return;
    setWaiting(true);
    run(() => setWaiting(false));
  };
  // aria-disabled, because `disabled` would throw the keyboard's focus out of the view.
  return (
    <button ref={button} type="button" class="veo-button" aria-disabled={waiting} onClick={click}>
      {waiting ? asked : label}
    </button>
  );
}
