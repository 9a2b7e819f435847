import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { useId } from "../../../src/core/ui/id";

const Named = () => <i id={useId()} />;

afterEach(() => document.body.replaceChildren());

describe("an id", () => {
  it("is like no other, in one root or in several, drawn once or again, and stays", async () => {
    const roots = [1, 2].map(() => document.body.appendChild(document.createElement("div")));
    const draw = (many: number) =>
      act(() => {
        for (const root of roots)
          render(
            Array.from({ length: many }, (_, at) => <Named key={at} />),
            root,
          );
      });
    const ids = () => [...document.querySelectorAll("i")].map((one) => one.id);
    await draw(1);
    const first = ids();
    await draw(3);
    expect(new Set(ids()).size).toBe(6);
    expect(ids()).toEqual(expect.arrayContaining(first));
    for (const id of ids()) expect(document.querySelector(`#${id}`)).not.toBeNull();
  });
});
