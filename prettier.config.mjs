/** The form of all code: what is not said here is Prettier's default. */
export default { printWidth: 100, semi: false, singleQuote: true }
