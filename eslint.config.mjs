import stylistic from '@stylistic/eslint-plugin'
import tseslint from 'typescript-eslint'
import { mustUseResult } from './tools/lint/must-use-result.mjs'

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      '**/.next/',
      '**/next-env.d.ts',
      'coverage/',
      'docs/reference/',
      '.results/',
      '**/*.mjs',
      '**/*.cjs',
      '**/tsup.config.ts',
      'tsup.base.ts',
    ],
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: {
      headwater: { rules: { 'must-use-result': mustUseResult } },
      code: { rules: { 'max-len': stylistic.rules['max-len'] } },
      text: { rules: { 'max-len': stylistic.rules['max-len'] } },
    },
    rules: {
      'headwater/must-use-result': 'error',
      'code/max-len': [
        'error',
        {
          code: 100,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
          ignoreUrls: true,
        },
      ],
      'text/max-len': ['error', { code: 120, ignoreUrls: true }],
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take the time from the Clock.' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'Program > VariableDeclaration[kind="let"]',
          message: 'No mutable state at module level.',
        },
      ],
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 40, skipComments: true, skipBlankLines: true }],
    },
  },
  {
    files: ['packages/{core,repositories,search}/src/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take the time from the Clock.' },
        ...['env', 'on', 'once', 'exit', 'stdout', 'stderr'].map((property) => ({
          object: 'process',
          property,
          message: 'The SDK reads no environment, handles no signal and prints nothing.',
        })),
      ],
    },
  },
  { files: ['packages/core/src/clock.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['packages/testing/src/contracts/*.ts', '**/test/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
)
