using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>
/// Which filters the kernel may be trusted with in a deletion. It is asked once for each, without harm (<see cref="FilterProbe"/>); no
/// clear answer counts as no, and is asked for again the next time. Not safe for several threads at once.
/// </summary>
/// <param name="store">Where answers are kept for others; null: for this object alone.</param>
public sealed class FilterSupport(IFilterStore? store = null)
{
    private FilterAnswers? _answers;

    /// <summary>Whether every condition of the filters, and deleting by a filter at all, is what this kernel can do.</summary>
    internal bool Covers(Func<INetlinkTransport> open, IReadOnlyList<KernelFilter> filters)
    {
        var needed = KernelFilters.Flush;
        foreach (var filter in filters)
        {
            // No policy and no flush asks for a mark, so nobody has tried whether it is safe.
            if (filter.Mark is not null)
            {
                return false;
            }

            needed |= (filter.StatusMask != 0 ? KernelFilters.Status : 0) | (filter.Zone is not null ? KernelFilters.Zone : 0);
        }

        return Ask(open, needed);
    }

    private bool Ask(Func<INetlinkTransport> open, KernelFilters needed)
    {
        var answers = _answers ??= store?.Load() ?? default;
        foreach (var filter in (ReadOnlySpan<KernelFilters>)[KernelFilters.Flush, KernelFilters.Status, KernelFilters.Zone])
        {
            if ((needed & filter) == 0)
            {
                continue;
            }

            if ((answers.Asked & filter) == 0 && FilterProbe.Ask(open, filter) is { } has)
            {
                _answers = answers = new FilterAnswers(answers.Asked | filter, has ? answers.Present | filter : answers.Present);
                store?.Keep(answers);
            }

            if ((answers.Asked & answers.Present & filter) == 0)
            {
                return false;
            }
        }

        return true;
    }
}
