using ConntrackOperator.Engine.Scanning;
using Xunit;

namespace ConntrackOperator.Engine.Tests.Scanning;

public class RuleTextTests
{
    [Theory]
    [InlineData("-A FORWARD -m conntrack --ctstate INVALID -j DROP", true)]
    [InlineData("-A KUBE-FORWARD -m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP", true)]
    [InlineData("-A INPUT -m state --state INVALID,UNTRACKED -j REJECT --reject-with icmp-port-unreachable", true)]
    [InlineData("-A FORWARD -m conntrack --ctstate INVALID -j LOG", false)]
    [InlineData("-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", false)]
    public void A_saved_rule_that_drops_what_is_invalid_is_found(string rule, bool drops)
    {
        var facts = RuleText.Read(null, $"*filter\n:FORWARD ACCEPT [0:0]\n{rule}\nCOMMIT\n", null);
        Assert.Equal((drops, drops ? rule : null), (facts.DropsInvalid, facts.DropsInvalidRule));
    }

    [Theory]
    [InlineData("ct state invalid drop", true)]
    [InlineData("ct state invalid counter packets 17 bytes 1020 drop", true)]
    [InlineData("ct state { invalid, untracked } drop", true)]
    [InlineData("ct state vmap { established : accept, related : accept, invalid : drop }", true)]
    [InlineData("ct state invalid counter packets 0 bytes 0", false)]
    [InlineData("ct state established,related accept", false)]
    public void A_listed_rule_that_drops_what_is_invalid_is_found(string rule, bool drops) =>
        Assert.Equal(
            drops,
            RuleText.Read(
                $"table inet filter {{\n\tchain forward {{\n\t\ttype filter hook forward priority filter; policy accept;\n\t\t{rule}\n"
                    + "\t}\n}\n", null, null).DropsInvalid);

    [Fact]
    public void Rules_that_could_not_be_read_are_not_known()
    {
        Assert.Null(RuleText.Read(null, null, null).DropsInvalid);
        Assert.False(RuleText.Read(string.Empty, null, null).DropsInvalid);
        Assert.False(RuleText.Read(null, string.Empty, null).HasNft);
    }

    [Theory]
    [InlineData(
        "-A POSTROUTING -d 10.84.0.2/32 -p tcp -m tcp --dport 443 -j MASQUERADE --to-ports 20000-21999",
        "iptables -t nat -I POSTROUTING -d 10.84.0.2/32 -p tcp -m tcp --dport 443 -j MASQUERADE --to-ports 1024-65535")]
    [InlineData(
        "-A OUT -s 10.0.0.0/8 -p udp -j SNAT --to-source 192.0.2.1:20000-21999 --persistent",
        "iptables -t nat -I OUT -s 10.0.0.0/8 -p udp -j SNAT --to-source 192.0.2.1:1024-65535 --persistent")]
    public void A_narrow_range_of_iptables_is_found_with_the_rule_that_widens_it(string rule, string widened)
    {
        var found = Assert.Single(RuleText.Read(null, $"*nat\n{rule}\nCOMMIT\n", null).Translations);
        Assert.Equal((rule, 20_000, 21_999, widened), (found.Text, found.LowestPort, found.HighestPort, found.Widen));
    }

    [Fact]
    public void A_narrow_range_of_nft_is_found_in_its_chain()
    {
        const string Listing =
            "table ip nat {\n\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n\t\tip saddr "
                + "10.0.0.0/8 counter packets 5 bytes 300 masquerade to :20000-21999 fully-random\n\t}\n}\n";
        var found = Assert.Single(RuleText.Read(Listing, null, null).Translations);
        Assert.Equal(
            (20_000, 21_999, "nft insert rule ip nat postrouting ip saddr 10.0.0.0/8 counter masquerade to :1024-65535 fully-random"),
            (found.LowestPort, found.HighestPort, found.Widen));
    }

    [Fact]
    public void What_iptables_keeps_in_nfts_tables_is_one_rule_and_another_range_is_another()
    {
        const string Listing =
            "table ip nat {\n\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
                + "\t\tmeta l4proto tcp masquerade to :20000-21999\n\t\tip saddr 10.1.0.0/16 masquerade to :20000-22999\n"
                + "\t\tip saddr 10.2.0.0/16 masquerade to :19000-21999\n\t}\n}\n";
        var found = RuleText.Read(Listing, "*nat\n-A POSTROUTING -p tcp -j MASQUERADE --to-ports 20000-21999\nCOMMIT\n", null);
        Assert.Equal([(20_000, 21_999), (20_000, 22_999), (19_000, 21_999)], found.Translations.Select(r => (r.LowestPort, r.HighestPort)));
        Assert.StartsWith("iptables ", found.Translations[0].Widen, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_several_rules_that_drop_what_is_invalid_the_first_is_told()
    {
        const string Saved = "-A INPUT -m conntrack --ctstate INVALID -j DROP\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\n";
        Assert.StartsWith("-A INPUT", RuleText.Read(null, Saved, null).DropsInvalidRule, StringComparison.Ordinal);
        Assert.Equal(
            "ct state invalid drop", RuleText.Read("ct state invalid drop\nct state invalid counter drop\n", null, null).DropsInvalidRule);
    }

    [Theory]
    [InlineData("-A POSTROUTING -j MASQUERADE")]
    [InlineData("-A POSTROUTING -p tcp -j MASQUERADE --to-ports 1024-65535")]
    public void A_rule_with_all_ports_is_none(string rule) =>
        Assert.Empty(RuleText.Read(null, $"*nat\n{rule}\nCOMMIT\n", null).Translations);
}
