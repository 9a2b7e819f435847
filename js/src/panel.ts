// The bundle of the panel.

import { definition } from "./definition";
import { showPanel } from "./panel/show";

export default definition({ panel: () => ({ show: showPanel }) });
