// A grid: the summary, the table, the bar that plays all, and what lies over them. Keys and clicks become intents.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { askWith } from "../core/connection";
import { useRemembered } from "../core/remember";
import { ownKeys, returnFocus } from "../core/ui/focus";
import { useNotices } from "../core/ui/notices";
import "../core/ui/theme.css";
import "../core/ui/controls.css";
import "../core/ui/box.css";
import "./grid.css";
import "./bars.css";
import "./layers/layers.css";
import type { Grid, GridCell, GridCommands, GridSummary } from "../protocol.gen";
import {
  axesOf,
  comparedLabel,
  differences,
  firstChoice,
  placeText,
  project,
  type Spot,
  spotId,
} from "./axes";
import type { Ask, GridContext } from "./context";
import { ExportMenu } from "./export";
import { type Intent, intentOf, kindOfTarget } from "./keys";
import { Compared, Enlarged, Keys, type LargeClip, MODES, NoteEditor } from "./layers/layers";
import { look, sizeText } from "./layers/zoom";
import { spokenOf, useMarks } from "./marks";
import { playBy } from "./player/player";
import { TransportBar } from "./player/transport";
import { type Board, back, choose, newBoard, openLayer } from "./state";
import { AxisPicker, SummaryLine, useEndNotice } from "./summary";
import type { CellActions } from "./table/cell";
import { nextSize, SIZE_NAME, sizeOf } from "./table/size";
import { cellsPerLine, GridTable, useFocusOn } from "./table/table";

/** What is done to the clip that the keyboard is on. */
const ABOUT_ONE: ReadonlySet<Intent["kind"]> = new Set(["rate", "star", "note", "choose", "enlarge", "move"]);

interface GridViewProps {
  grid: Grid;
  summary: GridSummary;
  cells: readonly GridCell[];
  /** Asks the kernel; rejects with a RequestError. */
  request: Ask;
  context: GridContext;
  moves: number;
  /** Whether this is an export itself, without a kernel that could write another. */
  exported?: boolean;
}

export function GridView({ grid, summary, cells, request, context, moves, exported }: GridViewProps) {
  const root = useRef<HTMLDivElement>(null);
  const [board, setBoard] = useState<Board>(() => newBoard(firstChoice(grid)));
  const { notice, say } = useNotices();
  const ask = useMemo(() => askWith<Ask>(request, say), [request, say]);
  const axes = useMemo(() => axesOf(grid, cells), [grid, cells]);
  const table = useMemo(() => project(axes, cells, board.choice), [axes, cells, board.choice]);
  const spots = useMemo(() => table.spots.flat(), [table]);
  const active = spots.find(({ id }) => id === board.active) ?? spots[0];
  const [marksOf, mark] = useMarks(ask);
  useFocusOn(root, active?.id ?? "", board.focus);
  const [kept, setSize] = useRemembered(SIZE_NAME);
  const size = sizeOf(kept);
  useInSight(root, size);
  useEndNotice(summary, say);

  const spotOf = (id: string): Spot | undefined =>
    spots.find((spot) => spot.id === id) ?? spotElsewhere(cells, id);
  const hear = (id: string) => context.player.hear(context.player.audible === "" ? id : "");

  const act = (intent: Intent, id = active?.id ?? ""): void => {
    const spot = spotOf(id);
    const clip = spot?.cell?.clips[spot.sample];
    const { player } = context;
    if (playBy(player, intent, clip?.fps ?? 24, say)) return;
    switch (intent.kind) {
      case "move":
        setBoard((it) => ({
          ...it,
          active: neighbour(intent)?.id ?? it.active,
          focus: it.focus + (it.layer ? 0 : 1),
        }));
        break;
      case "enlarge":
        if (spot?.cell?.job) setBoard((it) => openLayer({ ...it, active: id }, "enlarged"));
        break;
      case "sound":
        if (player.audible === id) player.hear("");
        else if (clip !== undefined) player.hear(id);
        break;
      case "choose":
        if (clip !== undefined) setBoard((it) => choose(it, id));
        break;
      case "compare":
        if (panes.length === 2) setBoard((it) => openLayer(it, "compared"));
        else say("Choose two clips for comparing first: X, or the two boxes under a clip.");
        break;
      case "wipe":
      case "difference": {
        if (board.layer === "compared") {
          const mode = board.mode === intent.kind ? "beside" : intent.kind;
          setBoard((it) => ({ ...it, mode }));
          say(MODES[mode], true);
        } else if (panes.length === 2) setBoard((it) => openLayer({ ...it, mode: intent.kind }, "compared"));
        break;
      }
      case "labels":
        setBoard((it) => ({ ...it, labels: !it.labels }));
        if (board.layer === "compared") say(board.labels ? "Labels are off" : "Labels are on", true);
        break;
      case "zoom": {
        if (board.layer === "") {
          const width = root.current?.querySelector<HTMLElement>(".veo-cell")?.offsetWidth ?? 0;
          const next = nextSize(width, intent.by > 1);
          setSize(next);
          say(`Cells of ${next} pixels`, true);
          break;
        }
        const view = look(board.view, intent);
        setBoard((it) => ({ ...it, view }));
        say(sizeText(view), true);
        break;
      }
      case "pan":
        if (board.layer !== "") setBoard((it) => ({ ...it, view: look(it.view, intent) }));
        break;
      case "help":
        setBoard((it) => ({ ...it, popup: "help" }));
        break;
      case "note":
        if (clip !== undefined) setBoard((it) => ({ ...it, popup: `note ${id}` }));
        break;
      case "rate":
        if (spot?.cell !== undefined && clip !== undefined) {
          mark(spot, { rating: intent.rating });
          say(spokenOf(intent), true);
        }
        break;
      case "star":
        if (spot?.cell !== undefined && clip !== undefined) {
          const star = !marksOf(spot).star;
          mark(spot, { star });
          say(spokenOf({ star }), true);
        }
        break;
      case "back":
        setBoard((it) => back(it) ?? it);
    }
  };

  const neighbour = ({ row, column }: { row: number; column: number }): Spot | undefined => {
    if (active === undefined) return undefined;
    const wraps = board.choice.rows === "" && root.current !== null;
    const along = wraps && root.current ? row * cellsPerLine(root.current) : 0;
    return table.spots[active.row + (wraps ? 0 : row)]?.[active.column + column + along];
  };

  const panes: LargeClip[] = board.chosen.flatMap((id) => {
    const { cell, sample = 0 } = spotOf(id) ?? {};
    const clip = cell?.clips[sample];
    return cell === undefined || clip === undefined ? [] : [{ id, cell, sample, clip, label: "" }];
  });
  const [one, other] = panes;
  if (one !== undefined && other !== undefined) {
    const differing = differences(axes, one, other);
    for (const pane of panes) pane.label = comparedLabel(axes, pane.cell, pane.sample, differing);
  }

  const latest = useRef(act);
  latest.current = act;
  const actions = useMemo((): CellActions => {
    const on = (kind: "enlarge" | "choose" | "star" | "note") => (id: string) => latest.current({ kind }, id);
    return {
      focus: (id) => setBoard((it) => (it.active === id ? it : { ...it, active: id })),
      enlarge: on("enlarge"),
      choose: on("choose"),
      star: on("star"),
      note: on("note"),
      rate: (id, rating) => latest.current({ kind: "rate", rating }, id),
      steer: (action, cell) => void ask(`${action}-job`, { job: cell.job }),
    };
  }, [ask]);

  const press = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    const intent = intentOf(event, kindOfTarget(target));
    if (intent === undefined) return;
    event.preventDefault();
    if (intent.kind === "back" && board.popup === "" && board.layer === "") returnFocus(target);
    // Under the keys or a note nothing else is to be done; of two compared it must be clear which is meant.
    else if (intent.kind === "back") act(intent);
    else if (board.popup === "" && !(board.layer === "compared" && ABOUT_ONE.has(intent.kind))) act(intent);
  };

  const take = async (ending: GridCommands["export"]["ending"]) => {
    say("Writing the export…");
    const answer = await ask("export", { ending });
    if (answer !== undefined) say(answer.text);
  };

  const close = () => act({ kind: "back" });
  const layer = {
    context,
    view: board.view,
    onView: (view: Board["view"]) => setBoard((it) => ({ ...it, view })),
    moves,
    onClose: close,
  };
  const noted = board.popup.startsWith("note ") ? spotOf(board.popup.slice(5)) : undefined;

  return (
    <div
      ref={root}
      class="veo-grid"
      {...ownKeys}
      role="group"
      aria-label={`Sweep ${grid.id}`}
      onKeyDown={press}
    >
      <SummaryLine
        summary={summary}
        tag={grid.tag}
        clock={context.clock}
        notice={notice?.text ?? ""}
        ask={ask}
      />
      <AxisPicker
        axes={axes}
        choice={board.choice}
        onChoice={(choice) => setBoard((it) => ({ ...it, choice }))}
        size={size}
        onSize={setSize}
      />
      <GridTable
        table={table}
        axes={axes}
        choice={board.choice}
        shape={grid.shape}
        size={size}
        active={active?.id ?? ""}
        chosen={board.chosen}
        marksOf={marksOf}
        covered={board.layer !== ""}
        context={context}
        actions={actions}
      />
      <TransportBar
        player={context.player}
        fps={active?.cell?.clips[active.sample]?.fps ?? 24}
        onSound={() =>
          hear(active?.cell?.clips.length ? active.id : (spots.find((it) => it.cell?.clips.length)?.id ?? ""))
        }
      >
        <span class="veo-transport-end">
          <button
            type="button"
            class="veo-button"
            aria-disabled={panes.length !== 2}
            onClick={() => act({ kind: "compare" })}
          >
            Compare ({panes.length} chosen)
          </button>
          {exported !== true && <ExportMenu onExport={take} />}
          <button type="button" class="veo-button" aria-label="Keys" onClick={() => act({ kind: "help" })}>
            ?
          </button>
        </span>
      </TransportBar>
      {board.layer === "enlarged" && active?.cell !== undefined && (
        <Enlarged
          {...layer}
          spot={{ ...active, cell: active.cell }}
          axes={axes}
          marks={marksOf(active)}
          ask={ask}
          onSound={() => act({ kind: "sound" })}
          onRate={(rating) => act({ kind: "rate", rating })}
          onStar={() => act({ kind: "star" })}
          onNote={() => act({ kind: "note" })}
        />
      )}
      {board.layer === "compared" && panes.length === 2 && (
        <Compared
          {...layer}
          panes={panes}
          mode={board.mode}
          labels={board.labels}
          onSound={() => hear(one?.id ?? "")}
          onMode={(mode) => setBoard((it) => ({ ...it, mode }))}
          onLabels={() => act({ kind: "labels" })}
          marksOf={(pane) => marksOf({ row: -1, column: -1, ...pane })}
          onRate={(id, rating) => act({ kind: "rate", rating }, id)}
          onStar={(id) => act({ kind: "star" }, id)}
          onNote={(id) => act({ kind: "note" }, id)}
        />
      )}
      {board.popup === "help" && <Keys moves={moves} onClose={close} />}
      {noted?.cell !== undefined && (
        <NoteEditor
          key={noted.id}
          place={placeText(axes, noted.cell, noted.sample)}
          note={marksOf(noted).note}
          moves={moves}
          onSave={(note) => mark(noted, { note })}
          onClose={close}
        />
      )}
    </div>
  );
}

/** The cell that the keyboard is on stays in sight when all become larger or smaller. */
function useInSight(root: { current: HTMLElement | null }, size: string): void {
  const before = useRef(size);
  useLayoutEffect(() => {
    if (before.current === size) return;
    before.current = size;
    const cell = document.activeElement;
    if (cell?.classList.contains("veo-cell") && root.current?.contains(cell)) {
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }, [root, size]);
}

/** A spot that is not on screen now, as a chosen one may be. */
function spotElsewhere(cells: readonly GridCell[], id: string): Spot | undefined {
  const [key, sample] = [id.slice(0, id.lastIndexOf("/")), Number(id.slice(id.lastIndexOf("/") + 1))];
  const cell = cells.find((one) => one.key === key);
  return cell === undefined ? undefined : { id: spotId(key, sample), row: -1, column: -1, cell, sample };
}
