using System.Globalization;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Cli.Files;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Reads a KubeProxyConfiguration, and the flags that say the same.</summary>
internal static class ProxyConfigurationText
{
    private const string KindName = "KubeProxyConfiguration";

    /// <summary>What a configuration says of connection tracking.</summary>
    /// <returns>Null when the text is no KubeProxyConfiguration, or not YAML.</returns>
    public static (ProxyConntrack Conntrack, string Mode)? Parse(string text)
    {
        if (!text.Contains(KindName, StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            using var reader = new StringReader(text);
            var document = YamlSource.Read(reader, []).OfType<MapNode>().FirstOrDefault(d => Text(d.Find("kind")) == KindName);
            return document is null ? null : (Conntrack(document.Find("conntrack") as MapNode), Text(document.Find("mode")));
        }
        catch (SourceException)
        {
            return null;
        }
    }

    /// <summary>What flags say of it; those of other things are not looked at.</summary>
    public static ProxyConntrack Conntrack(IReadOnlyDictionary<string, string> flags)
    {
        var defaults = new ProxyConntrack();
        long Number(string flag, long otherwise) =>
            flags.TryGetValue(flag, out var text)
                && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
        long Seconds(string flag, long otherwise) =>
            flags.TryGetValue(flag, out var text) && GoDuration.Seconds(text) is { } seconds ? seconds : otherwise;
        return new ProxyConntrack
        {
            MaxPerCore = Number("conntrack-max-per-core", defaults.MaxPerCore),
            Min = Number("conntrack-min", defaults.Min),
            TcpEstablishedTimeout = Seconds("conntrack-tcp-timeout-established", defaults.TcpEstablishedTimeout),
            TcpCloseWaitTimeout = Seconds("conntrack-tcp-timeout-close-wait", defaults.TcpCloseWaitTimeout),
            TcpBeLiberal = flags.GetValueOrDefault("conntrack-tcp-be-liberal") is "true" or "1",
            UdpTimeout = Seconds("conntrack-udp-timeout", defaults.UdpTimeout),
            UdpStreamTimeout = Seconds("conntrack-udp-timeout-stream", defaults.UdpStreamTimeout),
        };
    }

    private static ProxyConntrack Conntrack(MapNode? map)
    {
        var defaults = new ProxyConntrack();
        long Number(string key, long otherwise) => map?.Find(key) is IntegerNode node ? node.Value : otherwise;
        long Seconds(string key, long otherwise) => map?.Find(key) switch
        {
            TextNode node => GoDuration.Seconds(node.Value) ?? otherwise,
            IntegerNode { Value: 0 } => 0,
            _ => otherwise,
        };
        return new ProxyConntrack
        {
            MaxPerCore = Number("maxPerCore", defaults.MaxPerCore),
            Min = Number("min", defaults.Min),
            TcpEstablishedTimeout = Seconds("tcpEstablishedTimeout", defaults.TcpEstablishedTimeout),
            TcpCloseWaitTimeout = Seconds("tcpCloseWaitTimeout", defaults.TcpCloseWaitTimeout),
            TcpBeLiberal = map?.Find("tcpBeLiberal") is BooleanNode { Value: true },
            UdpTimeout = Seconds("udpTimeout", defaults.UdpTimeout),
            UdpStreamTimeout = Seconds("udpStreamTimeout", defaults.UdpStreamTimeout),
        };
    }

    private static string Text(SourceNode? node) => node is TextNode text ? text.Value : string.Empty;
}
