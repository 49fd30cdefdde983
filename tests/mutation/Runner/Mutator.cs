using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace ConntrackOperator.Mutation;

/// <summary>
/// Puts every mutant into a file, each behind its switch: <c>a &lt; b</c> becomes <c>(MutantSwitch.On(7) ? a &lt;= b : a &lt; b)</c>, and
/// <c>x.Clear();</c> becomes <c>if (!MutantSwitch.On(8)) x.Clear();</c>.
/// </summary>
/// <param name="path">The file, from the project's folder.</param>
/// <param name="firstId">The number of its first mutant. The numbers are the same in each pass.</param>
/// <param name="dropped">Mutants that do not compile: left out.</param>
internal sealed class Mutator(string path, int firstId, IReadOnlySet<int> dropped) : CSharpSyntaxRewriter
{
    /// <summary>The kind of the annotation that holds a mutant's number.</summary>
    public const string Annotation = "mutant";

    private int _next = firstId;

    /// <summary>Every mutant of the file, those too that were dropped.</summary>
    public List<Mutant> Mutants { get; } = [];

    public override SyntaxNode? Visit(SyntaxNode? node)
    {
        if (node is AttributeListSyntax or PatternSyntax or CaseSwitchLabelSyntax or ParameterSyntax or EnumMemberDeclarationSyntax
            || node is FieldDeclarationSyntax field && field.Modifiers.Any(SyntaxKind.ConstKeyword)
            || node is LocalDeclarationStatementSyntax local && local.Modifiers.Any(SyntaxKind.ConstKeyword)
            || node is InvocationExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "nameof" } }
            || node?.Parent is InvocationExpressionSyntax
            {
                Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "ConfigureAwait" },
            } i && node == i.ArgumentList)
        {
            return node;
        }

        var visited = base.Visit(node);
        return (node, visited) switch
        {
            (StatementSyntax original, StatementSyntax s) => OfStatement(original, s),
            (ExpressionSyntax { Parent: ExpressionStatementSyntax }, _) => visited,
            (ExpressionSyntax { Parent: ForStatementSyntax f } step, _) when step != f.Condition => visited,
            (ExpressionSyntax original, ExpressionSyntax e) => OfExpression(original, e),
            _ => visited,
        };
    }

    private ExpressionSyntax OfExpression(ExpressionSyntax original, ExpressionSyntax visited)
    {
        if (DeclaresVariables(original) || BelongsToConditionalAccess(original))
        {
            return visited;
        }

        foreach (var mutated in Mutations.Of(original))
        {
            if (TryAdd(original, mutated, out var id))
            {
                visited = ParenthesizedExpression(ConditionalExpression(On(id),
                    ParenthesizedExpression(mutated.WithoutTrivia()), ParenthesizedExpression(visited.WithoutTrivia())))
                    .WithTriviaFrom(visited).WithAdditionalAnnotations(new SyntaxAnnotation(Annotation, $"{id}"));
            }
        }

        return visited;
    }

    private StatementSyntax OfStatement(StatementSyntax original, StatementSyntax visited)
    {
        var isRemovable = original is ThrowStatementSyntax or ContinueStatementSyntax or YieldStatementSyntax
            || original is BreakStatementSyntax { Parent: not SwitchSectionSyntax }
            || original is ExpressionStatementSyntax e && !DeclaresVariables(e.Expression)
                && !e.ToString().Contains("ThrowIfNull(", StringComparison.Ordinal);
        if (original is ExpressionStatementSyntax { Expression: var expression } && !DeclaresVariables(expression))
        {
            foreach (var mutated in Mutations.Of(expression))
            {
                if (TryAdd(expression, mutated, out var id))
                {
                    visited = Behind(id, On(id), ExpressionStatement(mutated), visited);
                }
            }
        }

        if (isRemovable && TryAdd(original, null, out var removed))
        {
            visited = Behind(removed, PrefixUnaryExpression(SyntaxKind.LogicalNotExpression, On(removed)), visited, null);
        }

        return visited;
    }

    private static BlockSyntax Behind(int id, ExpressionSyntax condition, StatementSyntax then, StatementSyntax? otherwise) =>
        Block(IfStatement(condition, Block(then), otherwise is null ? null : ElseClause(Block(otherwise))))
            .WithAdditionalAnnotations(new SyntaxAnnotation(Annotation, $"{id}"));

    private bool TryAdd(SyntaxNode original, SyntaxNode? mutated, out int id)
    {
        id = _next++;
        var line = original.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
        var mutant = new Mutant(id, path, line, OneLine(original), OneLine(mutated), RunsOnce(original));
        Mutants.Add(mutant);
        return !mutant.InStaticInitializer && !dropped.Contains(id);
    }

    private static InvocationExpressionSyntax On(int id) => InvocationExpression(
        ParseExpression("global::MutantSwitch.On"),
        ArgumentList(SingletonSeparatedList(Argument(LiteralExpression(SyntaxKind.NumericLiteralExpression, Literal(id))))));

    /// <summary>Twice the same name in one scope does not compile.</summary>
    private static bool DeclaresVariables(ExpressionSyntax expression) => expression
        .DescendantNodes(n => n is not (AnonymousFunctionExpressionSyntax or SwitchExpressionArmSyntax))
        .Any(n => n is SingleVariableDesignationSyntax);

    /// <summary>What comes after ?. is no expression of its own.</summary>
    private static bool BelongsToConditionalAccess(ExpressionSyntax expression) => expression.Ancestors()
        .OfType<ConditionalAccessExpressionSyntax>().Any(c => c.WhenNotNull.SpanStart == expression.SpanStart);

    private static bool RunsOnce(SyntaxNode node)
    {
        foreach (var n in node.Ancestors())
        {
            switch (n)
            {
                case AnonymousFunctionExpressionSyntax: return false;
                case ConstructorDeclarationSyntax c: return c.Modifiers.Any(SyntaxKind.StaticKeyword);
                case EqualsValueClauseSyntax { Parent: PropertyDeclarationSyntax p }: return p.Modifiers.Any(SyntaxKind.StaticKeyword);
                case FieldDeclarationSyntax f: return f.Modifiers.Any(SyntaxKind.StaticKeyword);
                case MemberDeclarationSyntax: return false;
            }
        }

        return false;
    }

    private static string OneLine(SyntaxNode? node) =>
        string.Join(' ', (node?.NormalizeWhitespace().ToString() ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
