using System.Text.Json.Nodes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.State;

/// <summary>What becomes of originals when their file is lost, unreadable, or another version's.</summary>
public sealed class OriginalsFileTests
{
    public static TheoryData<string> Unreadable { get; } =
    [
        "", "{", "[]", "null", "{}", "true",
        """{"bootId":"boot-1","networkNamespace":"4026531840"}""",
        """{"bootId":"boot-1","networkNamespace":"4026531840","originals":null}""",
        """{"networkNamespace":"4026531840","originals":{}}""",
        """{"bootId":"boot-1","networkNamespace":"4026531840","originals":{"nf_conntrack_udp_timeout":null}}""",
        """{"bootId":"boot-1","networkNamespace":"4026531840","originals":{"nf_conntrack_udp_timeout":{}}}""",
        """{"bootId":"boot-1","networkNamespace":"4026531840","originals":{"nf_conntrack_max":{"value":-1}}}""",
        """{"bootId":"boot-1","networkNamespace":"4026531840","originals":{"nf_conntrack_udp_timeout":{"value":"thirty"}}}""",
        """{"bootId":"boot-1","networkNamespace":"4026531840","originals":{"nf_conntrack_udp_timeout":{"value":30,"onRemoval":"Perhaps"}}}""",
    ];

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void A_file_that_can_not_be_read_is_said_and_kept_beside_the_new_one(string content)
    {
        using var machine = new Machine();
        Directory.CreateDirectory(machine.State);
        File.WriteAllText(machine.OriginalsFile, content);

        Assert.Contains("can't be read", Assert.Single(machine.Engine.Problems), StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(machine.OriginalsFile));
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(content, File.ReadAllText(machine.OriginalsFile + ".corrupt"));

        // The next start knows that it does not know; the next boot has nothing to do with it.
        machine.Restart();
        Assert.Contains("originals.json.corrupt", machine.Engine.Originals.Unknown, StringComparison.Ordinal);
        machine.Restart();
        machine.Boot("boot-2");
        Assert.Null(machine.Engine.Originals.Unknown);
    }

    [Fact]
    public void Each_unreadable_file_is_kept_and_the_same_one_once()
    {
        using var machine = new Machine();
        Directory.CreateDirectory(machine.State);
        foreach (var content in (string[])["{1", "{2", "{2", "{3"])
        {
            File.WriteAllText(machine.OriginalsFile, content);
            machine.Apply(Set(SysctlNames.UdpTimeout, machine[SysctlNames.UdpTimeout] + 1));
            machine.Restart();
        }

        Assert.Equal(
            ["{1", "{2", "{3"],
            Directory.GetFiles(machine.State, "originals.json.corrupt*").Order(StringComparer.Ordinal).Select(File.ReadAllText));
    }

    [Fact]
    public void What_a_newer_version_wrote_survives_the_rewrite_of_an_older_one()
    {
        using var machine = new Machine();
        Directory.CreateDirectory(machine.State);
        File.WriteAllText(machine.OriginalsFile, """
            {
              "format": 1, "bootId": "boot-1", "networkNamespace": "4026531840", "rules": {"table": "conntrack_operator", "since": 5},
              "originals": {
                "nf_conntrack_udp_timeout": {"value": 30, "onRemoval": "Keep", "policy": "edge", "writtenAt": [1, 2]},
                "net.core.somaxconn": {"text": "4096"}
              }
            }
            """);
        machine[SysctlNames.UdpTimeout] = 20;
        machine.Apply(Set(SysctlNames.UdpTimeout, 20), Set(SysctlNames.Accounting, 1));

        var file = JsonNode.Parse(File.ReadAllText(machine.OriginalsFile))!;
        Assert.Equal("""{"table":"conntrack_operator","since":5}""", file["rules"]!.ToJsonString());
        Assert.Equal("[1,2]", file["originals"]![SysctlNames.UdpTimeout]!["writtenAt"]!.ToJsonString());
        Assert.Equal("""{"text":"4096"}""", file["originals"]!["net.core.somaxconn"]!.ToJsonString());
        Assert.Equal(0, (int)file["originals"]![SysctlNames.Accounting]!["value"]!);
        machine.Apply();
        Assert.Equal((30, 0), (machine[SysctlNames.UdpTimeout], machine[SysctlNames.Accounting]));
        Assert.True(machine.Engine.AllRestored);
        Assert.NotNull(JsonNode.Parse(File.ReadAllText(machine.OriginalsFile))!["originals"]!["net.core.somaxconn"]);
    }

    [Fact]
    public void A_file_in_a_newer_format_is_left_alone_and_nothing_is_written_without_an_original()
    {
        const string Newer = """{"format": 2, "bootId": "boot-1", "values": []}""";
        using var machine = new Machine();
        Directory.CreateDirectory(machine.State);
        File.WriteAllText(machine.OriginalsFile, Newer);

        var error = Assert.ThrowsAny<IOException>(() => machine.Apply(Set(SysctlNames.UdpTimeout, 20)));
        Assert.EndsWith(
            "was written by a newer version: its format is 2, and this version knows 1", error.Message, StringComparison.Ordinal);
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(Newer, File.ReadAllText(machine.OriginalsFile));
        Assert.Single(Directory.GetFiles(machine.State, "originals*"));
    }

    [Fact]
    public void Where_the_file_is_gone_nothing_is_recorded_before_the_status_has_been_read()
    {
        using var machine = new Machine { StatusWillCome = true };
        var reported = machine.ApplyReportAndEnd(Set(SysctlNames.UdpTimeout, 20));
        File.Delete(machine.OriginalsFile);
        machine[SysctlNames.UdpTimeout] = 45;

        machine.Engine.Enforce();
        Assert.Equal((SettingState.Pending, 45), (machine.Status(SysctlNames.UdpTimeout).State, machine[SysctlNames.UdpTimeout]));
        Assert.Null(machine.KeptOriginal(SysctlNames.UdpTimeout));

        Assert.Equal(1, machine.Engine.Adopt(reported));
        machine.Engine.Enforce();
        Assert.Equal(20, machine[SysctlNames.UdpTimeout]);
        machine.Apply();
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void After_a_reboot_the_kept_plan_waits_for_nobody()
    {
        using var machine = new Machine { StatusWillCome = true };
        machine.Engine.Adopt(null);
        machine.Apply(Set(SysctlNames.UdpTimeout, 30));
        machine.Restart();
        machine.Boot("boot-2");
        machine[SysctlNames.UdpTimeout] = 45;
        machine.Engine.Enforce();
        Assert.Equal(30, machine[SysctlNames.UdpTimeout]);
        Assert.Equal(45, machine.KeptOriginal(SysctlNames.UdpTimeout));
    }

    [Fact]
    public void The_status_of_this_boot_makes_an_unreadable_file_good()
    {
        using var machine = new Machine { StatusWillCome = true };
        var reported = machine.ApplyReportAndEnd(Set(SysctlNames.UdpTimeout, 20));
        File.WriteAllText(machine.OriginalsFile, "{");
        Assert.NotNull(machine.Engine.Originals.Unknown);
        machine.Engine.Adopt(reported);
        machine.Engine.Enforce();
        machine.Restart();
        Assert.Null(machine.Engine.Originals.Unknown);
        Assert.Equal(30, machine.Engine.Originals.Find(SysctlNames.UdpTimeout));
        Assert.Equal("{", File.ReadAllText(machine.OriginalsFile + ".corrupt"));
    }

    [Fact]
    public void A_directory_that_is_deleted_under_an_engine_is_made_again_with_all_that_it_held()
    {
        using var machine = new Machine();
        machine.Apply(Set(SysctlNames.UdpTimeout, 20));
        Directory.Delete(machine.State, recursive: true);
        machine.Engine.Enforce();
        Assert.Equal(30, machine.KeptOriginal(SysctlNames.UdpTimeout));
        machine.Restart();
        Assert.Equal("node-7", machine.Engine.Plan?.Node);
    }

    [Fact]
    public void The_lock_holds_though_its_directory_is_deleted()
    {
        using var machine = new Machine();
        _ = machine.Engine;
        Directory.Delete(machine.State, recursive: true);
        Assert.Throws<StateDirectoryBusyException>(() => new NodeEngine(machine.Options, machine.Time));
        machine.Restart();
        _ = machine.Engine;
    }
}
