import { tierContract } from "../tier/tier-contract.ts";
import { tierSubjects } from "./tier-subjects.ts";

for (const subject of tierSubjects) tierContract(subject);
