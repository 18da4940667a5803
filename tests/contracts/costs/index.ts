export { watchIn } from "../support/project";
export { measure } from "./measure";
export { differences, page } from "./page";
