using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Cli.Top;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>The command <c>top</c>: the fullest tables, or what fills one node's.</summary>
internal static class ClusterTop
{
    private const int MostNodes = 20;

    private static readonly TimeSpan _every = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(
        ClusterReader cluster, string? node, bool once, OutputFormat format, TimeProvider time, CancellationToken cancel)
    {
        if (node is not null)
        {
            var book = await AddressBook.ReadAsync(cluster, time, cancel);
            return await LiveScreen.RunAsync(
                async ct =>
                {
                    var seen = await cluster.ConntrackNodeAsync(node, ct);
                    await book.LearnAsync([seen], ct);
                    return Report(seen, book);
                },
                format, once, _every, time, cancel);
        }

        var nodes = (await cluster.ConntrackNodesAsync(cancel))
            .OrderByDescending(n => n.Status?.Table?.Percent ?? -1)
            .ThenByDescending(n => n.Status?.Rates?.TableFullDropsPerMinute ?? 0)
            .ThenBy(n => n.Metadata?.Name, StringComparer.Ordinal)
            .ToList();
        if (format != OutputFormat.Table)
        {
            var items = nodes.Select(n => JsonSerializer.SerializeToNode(
                n with { ApiVersion = ApiGroup.ApiVersion, Kind = ConntrackNode.KindName }, ApiJson.Default.ConntrackNode));
            ObjectWriter.Write(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["items"] = new JsonArray([.. items]) }, format);
            return ExitCode.InSync;
        }

        if (nodes.Count == 0)
        {
            Console.Out.WriteLine("no node is looked after: no ConntrackPolicy selects one");
            return ExitCode.InSync;
        }

        var table = new TextTable("NODE", ">ENTRIES", ">LIMIT", ">USED%", ">DROPS/MIN", ">RACES/MIN", "TOP SOURCE", "ADVICE");
        foreach (var n in nodes.Take(MostNodes))
        {
            table.Add(
                n.Metadata?.Name ?? "-",
                ClusterStatus.Number(n.Status?.Table?.Entries),
                ClusterStatus.Limit(n.Status?.Table),
                ClusterStatus.Number(n.Status?.Table?.Percent),
                ClusterStatus.Number(n.Status?.Rates?.TableFullDropsPerMinute),
                ClusterStatus.Number(n.Status?.Rates?.RacesLostPerMinute),
                n.Status?.Top?.Sources is [var first, ..] ? $"{first.Address} {first.Percent}%" : "-",
                n.Status?.Advice ?? (ClusterStatus.HasReported(n) ? string.Empty : TopReport.NotKnown));
        }

        table.Print();
        if (nodes.Count > MostNodes)
        {
            Console.Out.WriteLine($"and {nodes.Count - MostNodes} less full");
        }

        return ExitCode.InSync;
    }

    internal static TopReport Report(ConntrackNode node, AddressBook book)
    {
        var (status, composition) = (node.Status, node.Status?.Composition);
        return new TopReport
        {
            Name = node.Metadata?.Name ?? "-",
            At = composition?.At ?? status?.ReportedAt,
            Entries = status?.Table?.Entries,
            Limit = status?.Table?.Limit,
            NoLimit = status?.Table?.NoLimit,
            Percent = status?.Table?.Percent,
            TableFullDropsPerMinute = status?.Rates?.TableFullDropsPerMinute,
            RacesLostPerMinute = status?.Rates?.RacesLostPerMinute,
            OtherDropsPerMinute = status?.Rates?.OtherDropsPerMinute,
            EarlyDropsPerMinute = status?.Rates?.EarlyDropsPerMinute,
            ChainTooLongPerMinute = status?.Rates?.ChainTooLongPerMinute,
            InvalidPerMinute = status?.Rates?.InvalidPerMinute,
            RatesOverSeconds = status?.Rates?.OverSeconds,
            Basis = composition?.Basis,
            Sampled = composition?.Sampled,
            ErrorBoundPercent = composition?.ErrorBoundPercent,
            SampleErrorPercent = composition?.SampleErrorPercent,
            UnrepliedPercent = composition?.UnrepliedPercent,
            AssuredPercent = composition?.AssuredPercent,
            TimeoutsWatchedFor = composition?.TimeoutsWatchedFor,
            HeadroomPercent = status?.Table?.HeadroomPercent,
            FullIn = status?.Table?.FullIn,
            FullInBasis = status?.Table?.FullInBasis,
            Nat = status?.Nat,
            States = [.. (composition?.States ?? []).Select(s => new TopState
            {
                Protocol = s.Protocol ?? "-",
                State = s.State,
                Percent = s.Percent ?? 0,
                Entries = s.Entries ?? (status?.Table?.Entries * s.Percent / 100),
                IdleP50 = s.IdleP50,
                IdleP90 = s.IdleP90,
                IdleP50AtMost = s.IdleP50AtMost,
                IdleP90AtMost = s.IdleP90AtMost,
            })],
            Sources = [.. (status?.Top?.Sources ?? [])
                .Select(s => new TopTalker { Address = s.Address, Percent = s.Percent ?? 0, Name = book.Find(s.Address) })],
            Destinations = [.. (status?.Top?.Destinations ?? []).Select(d => new TopTalker
            {
                Address = d.Address, Port = d.Port, Protocol = d.Protocol, Percent = d.Percent ?? 0, Name = book.Find(d.Address),
            })],
            Advice = status?.Advice is { } advice ? [new TopAdvice { Text = advice }] : [],
        };
    }
}
