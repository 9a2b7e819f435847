import { describe, expect, it } from "vitest";
import {
  axesOf,
  comparedLabel,
  differences,
  firstChoice,
  heldAxes,
  placeText,
  project,
  SAMPLE,
  turn,
} from "../../src/grid/axes";
import { exampleGrid } from "../fixtures";

const { grid, cells } = exampleGrid();
const first = firstChoice(grid);
const keys = (choice: typeof first) =>
  project(grid.axes, cells, choice).spots.map((row) => row.map(({ cell }) => cell?.key));

describe("the table", () => {
  it("has the first axes as rows and columns, and the others at their first value", () => {
    expect(project(grid.axes, cells, first)).toMatchObject({
      rows: ["fox", "owl"],
      columns: ["dawn", "dusk"],
    });
    expect(keys(first)).toEqual([
      ["0", "1"],
      ["2", "3"],
    ]);
  });

  it("shows another value of an axis that is held", () => {
    expect(keys({ ...first, held: { aspect_ratio: 1 } })).toEqual([
      ["4", "5"],
      ["6", "7"],
    ]);
  });

  it("turns an axis that is chosen where it already is", () => {
    expect(keys(turn(first, "rows", "time"))).toEqual([
      ["0", "2"],
      ["1", "3"],
    ]);
    expect(turn(first, "columns", "aspect_ratio")).toMatchObject({ rows: "animal", columns: "aspect_ratio" });
  });

  it("has every cell on some page, whatever axes are chosen", () => {
    const names = grid.axes.map(({ name }) => name);
    for (const rows of names) {
      for (const columns of names.filter((name) => name !== rows)) {
        const held = heldAxes(grid.axes, { rows, columns, held: {} })[0];
        const seen = held?.values.flatMap((_, value) =>
          keys({ rows, columns, held: { [held.name]: value } }).flat(),
        );
        expect(seen?.sort()).toEqual(cells.map(({ key }) => key));
      }
    }
  });

  it("is one line without rows", () => {
    const only = project([{ name: "seed", values: ["1", "2"] }], [], { rows: "", columns: "seed", held: {} });
    expect(only.spots).toMatchObject([[{ column: 0 }, { column: 1 }]]);
  });

  it("has a place without a cell where a combination does not exist", () => {
    expect(project(grid.axes, cells.slice(1), first).spots[0]?.[0]).toMatchObject({
      cell: undefined,
      id: "0,0,0/0",
    });
  });

  it("stays within an axis that has fewer values than are asked for", () => {
    expect(keys({ ...first, held: { aspect_ratio: 9 } })[0]).toEqual(["4", "5"]);
  });
});

describe("samples", () => {
  const many = exampleGrid("two samples of one axis");
  const axes = axesOf(many.grid, many.cells);

  it("are an axis where a job made several clips, and only there", () => {
    expect(axesOf(grid, cells)).toEqual(grid.axes);
    expect(axes.at(-1)).toEqual({ name: SAMPLE, values: ["1", "2"] });
  });

  it("can be held and be columns like any other", () => {
    const held = project(axes, many.cells, { rows: "", columns: "<i>mood</i>", held: { [SAMPLE]: 1 } });
    expect(held.spots[0]?.map(({ id, sample }) => [id, sample])).toEqual([
      ["0/1", 1],
      ["1/1", 1],
    ]);
    const across = project(axes, many.cells, { rows: "<i>mood</i>", columns: SAMPLE, held: {} });
    expect(across.spots.map((row) => row.map(({ id }) => id))).toEqual([
      ["0/0", "0/1"],
      ["1/0", "1/1"],
    ]);
  });
});

describe("words", () => {
  const [fox, , owl] = cells as [(typeof cells)[0], unknown, (typeof cells)[0]];

  it("say where a cell is", () => {
    expect(placeText(grid.axes, owl, 0)).toBe("animal owl, time dawn, aspect_ratio 16:9");
    expect(placeText(grid.axes, owl, 0, ["time", "aspect_ratio"])).toBe("animal owl");
  });

  it("are short beside another clip, but for a bare number", () => {
    expect(comparedLabel(grid.axes, owl, 0, ["animal", "aspect_ratio"])).toBe("owl, aspect_ratio 16:9");
  });

  it("say what two clips differ in", () => {
    expect(differences(grid.axes, { cell: fox, sample: 0 }, { cell: owl, sample: 0 })).toEqual(["animal"]);
    expect(differences(grid.axes, { cell: fox, sample: 0 }, { cell: fox, sample: 0 })).toEqual([]);
  });
});
