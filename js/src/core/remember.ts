// What a browser keeps of a person's choices: the same in every view on the page, and there the next time.

import { useEffect, useState } from "preact/hooks";

/** What is kept under this name; empty where nothing is, or where the page may keep nothing. */
export function remembered(name: string): string {
  try {
    return localStorage.getItem(keyOf(name)) ?? "";
  } catch {
    return "";
  }
}

/** Keeps a value under this name; an empty one takes away what is kept. */
export function remember(name: string, value: string): void {
  try {
    if (value === "") localStorage.removeItem(keyOf(name));
    else localStorage.setItem(keyOf(name), value);
  } catch {
    // It holds as long as the page does.
  }
}

/** A value that the browser keeps, and a way to change it: every view that shows it changes with it. */
export function useRemembered(name: string): [value: string, change: (value: string) => void] {
  const [value, setValue] = useState(() => remembered(name));
  useEffect(() => {
    const changed = (event: Event) => setValue(String((event as CustomEvent).detail));
    document.addEventListener(keyOf(name), changed);
    return () => document.removeEventListener(keyOf(name), changed);
  }, [name]);
  const change = (next: string) => {
    remember(name, next);
    document.dispatchEvent(new CustomEvent(keyOf(name), { detail: next }));
  };
  return [value, change];
}

const keyOf = (name: string) => `veo_nb.${name}`;
