import { seriesContract } from "../tier/series-contract.ts";
import { tierSubjects } from "./tier-subjects.ts";

for (const subject of tierSubjects) seriesContract(subject);
