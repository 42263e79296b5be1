import tseslint from "typescript-eslint";

/** @moddable/typings declare mutable globals and namespaces in ways of their own: only our sources are linted. */
export default tseslint.config(
  // The types of examples/ are those of the package, where it is installed: tests/package compiles them there.
  { ignores: ["dist", "build", "examples", "node_modules", "**/*.d.ts", "**/*.js", "**/*.mjs"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.json", "./hosts/moddable/tsconfig.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      // Const objects with a union type of the same name stand for .NET's enumerations.
      "@typescript-eslint/no-redeclare": "off",
      // An index that is known to be inside is asserted: a check would cost time for each byte.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidOperator: true, ignoreVoidReturningFunctions: true },
      ],
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/consistent-type-definitions": ["error", "interface"],
      "max-lines": ["error", { max: 400 }],
      "max-lines-per-function": ["error", { max: 60, skipComments: true }],
      "prefer-const": "error",
      eqeqeq: "error",
    },
  },
  {
    files: ["tests/**/*.ts"],
    rules: { "max-lines-per-function": "off" },
  },
);
