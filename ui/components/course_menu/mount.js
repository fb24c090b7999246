// @ts-check
import { mount } from "../shared/mounting.js";
import { draw } from "./draw.js";

/** @param {any} streamlit what Streamlit calls a component with */
export default function (streamlit) {
  return mount(draw, streamlit, "choose");
}
