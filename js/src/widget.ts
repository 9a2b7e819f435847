// The bundle of the card and the grid: anywidget takes a definition from it for each model. The panel has its own, since
// each model carries its bundle, into a saved notebook too.

import { showCard } from "./card";
import { definition } from "./definition";
import { openGrids } from "./grid/trees";

export default definition({ job: () => ({ show: showCard }), sweep: openGrids });
