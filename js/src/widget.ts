// The bundle of the card and the grid: anywidget takes a definition from it for each model. The first model of a kernel
// brings it, and the others `loader` in its place. The panel has its own.

import { openCards } from "./card/card";
import { share } from "./core/bundle";
import { definition } from "./core/definition";
import { openGrids } from "./grid/mount";

export default share(definition({ job: openCards, sweep: openGrids }));
