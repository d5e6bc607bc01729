/** `adjective_surname`, as Docker names containers; `attempt` above 0 appends a digit, for names that are taken. */
export function randomName(attempt: number): string {
  const pick = (words: readonly string[]) => words[Math.floor(Math.random() * words.length)]!;
  const name = `${pick(adjectives)}_${pick(surnames)}`;
  return attempt === 0 ? name : `${name}${Math.floor(Math.random() * 10)}`;
}

const adjectives = (
  "able agile amber ample bold brave breezy brisk bright calm candid careful cheerful clever cosy crisp curious daring " +
  "deft eager earnest easy elegant even exact fair fearless fond frank fresh gallant gentle glad golden grand happy " +
  "hardy hearty honest humble jolly keen kind lively loyal lucid mellow merry mild modest neat nimble noble patient " +
  "placid plucky polite proud quick quiet rapid ready robust serene sharp silent sincere smart solid spry stable " +
  "steady sturdy sunny swift tender tidy trusty upbeat vivid warm wise witty zesty"
).split(" ");

const surnames = (
  "abel allen babbage banach bell bohr boole cantor cerf church conway curie dijkstra dirac easley engelbart euclid " +
  "euler faraday fermat feynman galois gauss goodall granville hamilton hawking hoare hodgkin hopper hypatia jemison " +
  "johnson kahn kay kernighan kilby knuth kovalevskaya lamarr lamport leavitt liskov lovelace mccarthy meitner mendel " +
  "mirzakhani moore nash neumann newton nightingale noether pascal pasteur perlman planck poincare ramanujan ride " +
  "ritchie sammet shannon sinoussi spence stallman sutherland swartz tesla thompson torvalds turing vaughan villani " +
  "wescoff wiles wilson wing wozniak wu yalow"
).split(" ");
