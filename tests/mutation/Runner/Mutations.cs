using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace ConntrackOperator.Mutation;

/// <summary>
/// What an expression is changed to: much the same as Stryker's standard level, without texts. What does not compile (the minus of two
/// texts) is found by the compiler and dropped.
/// </summary>
internal static class Mutations
{
    private static readonly Dictionary<SyntaxKind, SyntaxKind[]> _binary = new()
    {
        [SyntaxKind.LessThanExpression] = [SyntaxKind.LessThanOrEqualExpression, SyntaxKind.GreaterThanExpression],
        [SyntaxKind.LessThanOrEqualExpression] = [SyntaxKind.LessThanExpression, SyntaxKind.GreaterThanExpression],
        [SyntaxKind.GreaterThanExpression] = [SyntaxKind.GreaterThanOrEqualExpression, SyntaxKind.LessThanExpression],
        [SyntaxKind.GreaterThanOrEqualExpression] = [SyntaxKind.GreaterThanExpression, SyntaxKind.LessThanExpression],
        [SyntaxKind.EqualsExpression] = [SyntaxKind.NotEqualsExpression],
        [SyntaxKind.NotEqualsExpression] = [SyntaxKind.EqualsExpression],
        [SyntaxKind.LogicalAndExpression] = [SyntaxKind.LogicalOrExpression],
        [SyntaxKind.LogicalOrExpression] = [SyntaxKind.LogicalAndExpression],
        [SyntaxKind.AddExpression] = [SyntaxKind.SubtractExpression],
        [SyntaxKind.SubtractExpression] = [SyntaxKind.AddExpression],
        [SyntaxKind.MultiplyExpression] = [SyntaxKind.DivideExpression],
        [SyntaxKind.DivideExpression] = [SyntaxKind.MultiplyExpression],
        [SyntaxKind.ModuloExpression] = [SyntaxKind.MultiplyExpression],
        [SyntaxKind.LeftShiftExpression] = [SyntaxKind.RightShiftExpression],
        [SyntaxKind.RightShiftExpression] = [SyntaxKind.LeftShiftExpression],
        [SyntaxKind.BitwiseAndExpression] = [SyntaxKind.BitwiseOrExpression],
        [SyntaxKind.BitwiseOrExpression] = [SyntaxKind.BitwiseAndExpression],
        [SyntaxKind.ExclusiveOrExpression] = [SyntaxKind.BitwiseOrExpression],
    };

    private static readonly Dictionary<SyntaxKind, SyntaxKind> _assignments = new()
    {
        [SyntaxKind.AddAssignmentExpression] = SyntaxKind.SubtractAssignmentExpression,
        [SyntaxKind.SubtractAssignmentExpression] = SyntaxKind.AddAssignmentExpression,
        [SyntaxKind.MultiplyAssignmentExpression] = SyntaxKind.DivideAssignmentExpression,
        [SyntaxKind.DivideAssignmentExpression] = SyntaxKind.MultiplyAssignmentExpression,
        [SyntaxKind.OrAssignmentExpression] = SyntaxKind.AndAssignmentExpression,
        [SyntaxKind.AndAssignmentExpression] = SyntaxKind.OrAssignmentExpression,
        [SyntaxKind.CoalesceAssignmentExpression] = SyntaxKind.SimpleAssignmentExpression,
    };

    private static readonly Dictionary<SyntaxKind, SyntaxKind> _steps = new()
    {
        [SyntaxKind.PreIncrementExpression] = SyntaxKind.PreDecrementExpression,
        [SyntaxKind.PreDecrementExpression] = SyntaxKind.PreIncrementExpression,
        [SyntaxKind.PostIncrementExpression] = SyntaxKind.PostDecrementExpression,
        [SyntaxKind.PostDecrementExpression] = SyntaxKind.PostIncrementExpression,
    };

    private static readonly Dictionary<string, string> _methods = Pairs(
        ("First", "Last"), ("FirstOrDefault", "LastOrDefault"), ("Any", "All"), ("Min", "Max"), ("MinBy", "MaxBy"), ("Skip", "Take"),
        ("OrderBy", "OrderByDescending"), ("ThenBy", "ThenByDescending"), ("SkipWhile", "TakeWhile"), ("StartsWith", "EndsWith"),
        ("TrimStart", "TrimEnd"), ("Floor", "Ceiling"), ("IndexOf", "LastIndexOf"), ("Union", "Intersect"), ("Append", "Prepend"));

    /// <summary>Every change of <paramref name="expression"/> itself (its parts have their own).</summary>
    public static IEnumerable<ExpressionSyntax> Of(ExpressionSyntax expression) => expression switch
    {
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.CoalesceExpression } b =>
            b.Right is ThrowExpressionSyntax ? [b.Left] : [b.Left, b.Right],
        BinaryExpressionSyntax b when _binary.TryGetValue(b.Kind(), out var others) =>
            others.Select(k => BinaryExpression(k, b.Left, b.Right)),
        AssignmentExpressionSyntax a when _assignments.TryGetValue(a.Kind(), out var other) =>
            [AssignmentExpression(other, a.Left, a.Right)],
        PrefixUnaryExpressionSyntax
        {
            RawKind: (int)SyntaxKind.LogicalNotExpression or (int)SyntaxKind.UnaryMinusExpression or (int)SyntaxKind.BitwiseNotExpression,
        } u => [u.Operand],
        PrefixUnaryExpressionSyntax u when _steps.TryGetValue(u.Kind(), out var other) => [PrefixUnaryExpression(other, u.Operand)],
        PostfixUnaryExpressionSyntax u when _steps.TryGetValue(u.Kind(), out var other) => [PostfixUnaryExpression(other, u.Operand)],
        LiteralExpressionSyntax { RawKind: (int)SyntaxKind.TrueLiteralExpression } =>
            [LiteralExpression(SyntaxKind.FalseLiteralExpression)],
        LiteralExpressionSyntax { RawKind: (int)SyntaxKind.FalseLiteralExpression } =>
            [LiteralExpression(SyntaxKind.TrueLiteralExpression)],
        IsPatternExpressionSyntax i => [Not(i), .. Bounds(i)],
        SwitchExpressionSyntax s => Bounds(s),
        ConditionalExpressionSyntax c when IsPlain(c.Condition) => [ConditionalExpression(c.Condition, c.WhenFalse, c.WhenTrue)],
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax m } i
            when _methods.TryGetValue(m.Name.Identifier.Text, out var name) =>
            [i.WithExpression(m.ReplaceToken(m.Name.Identifier, Identifier(name)))],
        _ when IsCondition(expression) && IsPlain(expression) => [Not(expression)],
        _ => [],
    };

    /// <summary>The changes of the bounds and the connectives in its patterns, one at a time.</summary>
    private static IEnumerable<ExpressionSyntax> Bounds(ExpressionSyntax expression)
    {
        var patterns = expression is SwitchExpressionSyntax s
            ? s.Arms.Select(a => a.Pattern)
            : [((IsPatternExpressionSyntax)expression).Pattern];
        foreach (var pattern in patterns.SelectMany(p => p.DescendantNodesAndSelf()).OfType<PatternSyntax>())
        {
            if (pattern is RelationalPatternSyntax relational)
            {
                var other = relational.OperatorToken.Kind() switch
                {
                    SyntaxKind.LessThanToken => SyntaxKind.LessThanEqualsToken,
                    SyntaxKind.LessThanEqualsToken => SyntaxKind.LessThanToken,
                    SyntaxKind.GreaterThanToken => SyntaxKind.GreaterThanEqualsToken,
                    _ => SyntaxKind.GreaterThanToken,
                };
                yield return expression.ReplaceNode(relational, relational.WithOperatorToken(Token(other)));
            }
            else if (pattern is BinaryPatternSyntax { RawKind: (int)SyntaxKind.AndPattern } and)
            {
                yield return expression.ReplaceNode(and, BinaryPattern(SyntaxKind.OrPattern, and.Left, and.Right));
            }
            else if (pattern is BinaryPatternSyntax { RawKind: (int)SyntaxKind.OrPattern } or)
            {
                yield return expression.ReplaceNode(or, or.Left);
                yield return expression.ReplaceNode(or, or.Right);
            }
        }
    }

    private static bool IsCondition(ExpressionSyntax expression) =>
        expression.Parent is IfStatementSyntax or WhileStatementSyntax or DoStatementSyntax or WhenClauseSyntax;

    /// <summary>Not a comparison or the like, that has changes of its own which come to the same.</summary>
    private static bool IsPlain(ExpressionSyntax condition) =>
        condition is not (BinaryExpressionSyntax or IsPatternExpressionSyntax or PrefixUnaryExpressionSyntax or LiteralExpressionSyntax);

    private static PrefixUnaryExpressionSyntax Not(ExpressionSyntax expression) =>
        PrefixUnaryExpression(SyntaxKind.LogicalNotExpression, ParenthesizedExpression(expression));

    private static Dictionary<string, string> Pairs(params (string, string)[] pairs) =>
        pairs.SelectMany(p => new[] { p, (p.Item2, p.Item1) }).ToDictionary(p => p.Item1, p => p.Item2);
}
