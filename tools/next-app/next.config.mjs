const root = import.meta.dirname

// As someone writes it who reads nothing about the packages.
export default { output: 'standalone', outputFileTracingRoot: root, turbopack: { root } }
