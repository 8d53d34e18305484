/**
 * What a question consists of. It is a module that exports
 *
 *   title, unit, about    for people: `about` is a sentence or two on what is done and counted
 *   inputs                names; of datasets, or whatever its sides make of them
 *   data(input)           optional: the datasets that an input needs; by default the one of its name
 *   sides                 name → side, or (input) → such an object; the first side is ours
 *   targets               optional: list of targets, see report/targets.mjs
 *   compare               optional: "difference" where sides are compared by ours less the peer's;
 *                         "larger" where more is better, "none" where sides are of different
 *                         things; by default less is better, and they are compared by ratio
 *   setUp(workspace)      optional: called once before; returns what is called at the end. Where it
 *                         throws the question is left out
 *   trials                optional: where fewer are enough
 *   warmups, iterations   per trial; the trial's value is the median of its iterations
 *   env                   optional: environment of its trials
 *   quick                 optional: `{ inputs, sides, iterations }` of a quick run; without it the
 *                         question is left out of quick runs
 *
 * A side in Node is a function (input, folder) → measurement, or a promise of it:
 *
 *   run()                 what is measured. Its result, or what its promise resolves to, is dropped
 *   measure()             instead of `run`: returns the cost itself, in the question's unit
 *   check()               optional: called once before; throws unless `run` does what it is to do
 *   after()               optional: called after each `run`, outside the measured time
 *   close()               optional: called at the end
 *
 * Of each input of a question all sides share one folder, and so do all trials, one after another.
 */

/**
 * A side of python/QUESTION.py; by its rules see python/trial.py.
 * @param env variables that its trials have besides
 */
export const inPython = (question, side, env) => ({ python: { question, side }, env });

/** A side in Node whose trials have variables of their own in their environment. */
export const withEnv = (env, start) => ({ start, env });

export function sidesOf(question, input) {
  return typeof question.sides === "function" ? question.sides(input) : question.sides;
}
