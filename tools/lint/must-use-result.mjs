import { ESLintUtils } from '@typescript-eslint/utils'

const resultNames = new Set(['Ok', 'Err', 'ResultAsync'])

/** Forbids statements that drop a Result, a ResultAsync or a promise of a Result. */
export const mustUseResult = ESLintUtils.RuleCreator.withoutDocs({
  meta: {
    type: 'problem',
    messages: { unused: 'This {{type}} is dropped: return, assign or match it.' },
    schema: [],
  },
  defaultOptions: [],
  create(context) {
    const services = ESLintUtils.getParserServices(context)
    const checker = services.program.getTypeChecker()

    const isResult = (type) =>
      type.isUnion()
        ? type.types.some(isResult)
        : resultNames.has(type.getSymbol()?.name ?? '') && type.getProperty('andThen') !== undefined

    const resultTypeName = (type) => {
      if (isResult(type)) return type.aliasSymbol?.name ?? type.getSymbol()?.name ?? 'Result'
      const awaited = checker.getAwaitedType(type)
      return awaited !== undefined && awaited !== type && isResult(awaited)
        ? 'Promise<Result>'
        : undefined
    }

    return {
      ExpressionStatement(node) {
        let expression = node.expression
        while (expression.type === 'UnaryExpression' && expression.operator === 'void')
          expression = expression.argument
        if (expression.type === 'AssignmentExpression') return
        const type = resultTypeName(services.getTypeAtLocation(expression))
        if (type !== undefined) context.report({ node, messageId: 'unused', data: { type } })
      },
    }
  },
})
