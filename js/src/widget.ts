// The bundle of the card and the grid: anywidget takes a definition from it for each model. The panel has its own, since
// each model carries its bundle, into a saved notebook too.

import { showCard } from "./card/card";
import { definition } from "./core/definition";
import { openGrids } from "./grid/mount";

export default definition({ job: () => ({ show: showCard }), sweep: openGrids });
