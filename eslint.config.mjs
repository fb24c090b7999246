import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/.*", "**/*venv/**"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023 },
    linterOptions: { reportUnusedDisableDirectives: "error" },
  },
  { files: ["ui/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/browser/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/**/*.js"], languageOptions: { globals: globals.node } },
];
