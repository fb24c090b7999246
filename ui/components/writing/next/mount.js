// @ts-check
import { mount } from "../../shared/mounting.js";
import { draw } from "./draw.js";

export default function (streamlit) {
  return mount(draw, streamlit);
}
