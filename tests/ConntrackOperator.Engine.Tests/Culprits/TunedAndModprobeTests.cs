using ConntrackOperator.Engine.Culprits;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Tests.Culprits;

/// <summary>Which of several files tuned, modprobe and a host's links come to.</summary>
public sealed class TunedAndModprobeTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Of_several_active_profiles_the_last_wins_and_of_a_profile_the_first_directory()
    {
        File("etc/tuned/active_profile", "first last");
        File("usr/lib/tuned/first/tuned.conf", Sets(1));
        File("usr/lib/tuned/last/tuned.conf", Sets(2));
        Assert.Equal(("/usr/lib/tuned/last/tuned.conf", 2L), Tuned.Sets(SysctlNames.Accounting));
        File("usr/lib/tuned/profiles/last/tuned.conf", Sets(3));
        Assert.Equal(("/usr/lib/tuned/profiles/last/tuned.conf", 3L), Tuned.Sets(SysctlNames.Accounting));
        File("etc/tuned/last/tuned.conf", Sets(4));
        Assert.Equal(("/etc/tuned/last/tuned.conf", 4L), Tuned.Sets(SysctlNames.Accounting));
        File("etc/tuned/profiles/last/tuned.conf", Sets(5));
        Assert.Equal(("/etc/tuned/profiles/last/tuned.conf", 5L), Tuned.Sets(SysctlNames.Accounting));
        File("etc/tuned/profiles/last/tuned.conf", "[sysctl]\nvm.swappiness = 1");
        Assert.Equal(("/usr/lib/tuned/first/tuned.conf", 1L), Tuned.Sets(SysctlNames.Accounting));
    }

    /// <summary>
    /// Expectations as tuned 2.20's own loader and merger have them (tuned/profiles), but that they refuse a profile which includes what
    /// is missing without a '-'.
    /// </summary>
    [Theory]
    [InlineData("include=b", 7)]
    [InlineData("include=b, c", 8)]
    [InlineData("include=c,b", 7)]
    [InlineData("include=b;c", 8)]
    [InlineData("include=-b, -missing", 7)]
    [InlineData("include=b # as c", 7)]
    [InlineData("include=b c", null)]
    [InlineData("include=../b", 7)]
    [InlineData("include=..", null)]
    [InlineData("include=a", null)]
    [InlineData("include=missing, c", 8)]
    [InlineData("include=d, c", 8)]
    [InlineData("include=c, d", 7)]
    [InlineData("include=c, e", 8)]
    [InlineData("#include=b", null)]
    public void Profiles_include_others_by_name_and_the_last_overrides(string include, int? value)
    {
        File("etc/tuned/active_profile", "a");
        File("etc/tuned/a/tuned.conf", "[ main ]\n" + include);
        File("etc/tuned/b/tuned.conf", Sets(7));
        File("etc/b/tuned.conf", Sets(9));
        File("etc/tuned/c/tuned.conf", Sets(8));
        File("etc/tuned/d/tuned.conf", "[main]\ninclude=b");
        File("etc/tuned/e/tuned.conf", "[main]\ninclude=a");
        Assert.Equal(value, (int?)Tuned.Sets(SysctlNames.Accounting)?.Value);
    }

    [Fact]
    public void What_a_later_profile_includes_overrides_an_earlier_profile_and_a_profile_what_it_includes()
    {
        File("etc/tuned/active_profile", "x y");
        File("etc/tuned/x/tuned.conf", Sets(1));
        File("etc/tuned/y/tuned.conf", "[main]\ninclude=y1");
        File("etc/tuned/y1/tuned.conf", Sets(2));
        Assert.Equal(("/etc/tuned/y1/tuned.conf", 2L), Tuned.Sets(SysctlNames.Accounting));
        File("etc/tuned/y/tuned.conf", "[main]\ninclude=y1\n" + Sets(3));
        Assert.Equal(("/etc/tuned/y/tuned.conf", 3L), Tuned.Sets(SysctlNames.Accounting));
        File("etc/tuned/post_loaded_profile", "z");
        File("etc/tuned/z/tuned.conf", Sets(4));
        Assert.Equal(("/etc/tuned/z/tuned.conf", "x y z"), Tuned.Find(SysctlNames.Accounting, 4));
    }

    [Fact]
    public void A_profile_that_includes_its_own_name_means_the_next_directorys()
    {
        File("etc/tuned/active_profile", "a");
        File("etc/tuned/a/tuned.conf", "[main]\ninclude=a\n[sysctl]\nvm.swappiness=1");
        File("usr/lib/tuned/a/tuned.conf", "[main]\ninclude=a\n" + Sets(5));
        Assert.Equal(("/usr/lib/tuned/a/tuned.conf", 5L), Tuned.Sets(SysctlNames.Accounting));
    }

    [Theory]
    [InlineData("[sysctl]\nreplace=true\nvm.swappiness=1", null)]
    [InlineData("[sysctl]\nenabled=false", null)]
    [InlineData("[sysctl]\ndrop=vm.swappiness, net.netfilter.nf_conntrack_acct", null)]
    [InlineData("[more]\ntype=sysctl\nnet.netfilter.nf_conntrack_acct=2", 2)]
    [InlineData("[more]\ntype=sysctl\npriority=-1\nnet.netfilter.nf_conntrack_acct=2", 1)]
    [InlineData("[more]\ntype=sysctl\nenabled=0\nnet.netfilter.nf_conntrack_acct=2", 1)]
    [InlineData("[more]\ntype=sysctl\nenabled=1\nnet.netfilter.nf_conntrack_acct=2", 2)]
    [InlineData("[more]\ntype=sysctl\nenabled=True\nnet.netfilter.nf_conntrack_acct=2", 2)]
    [InlineData("[sysctl]\ntype=script", null)]
    [InlineData("[sysctl]\nnet.netfilter.nf_conntrack_acct=${unknown}", null)]
    public void Sections_override_replace_and_drop_those_of_what_is_included(string profile, int? value)
    {
        File("etc/tuned/active_profile", "a");
        File("etc/tuned/a/tuned.conf", "[main]\ninclude=b\n" + profile);
        File("etc/tuned/b/tuned.conf", Sets(1));
        Assert.Equal(value, (int?)Tuned.Sets(SysctlNames.Accounting)?.Value);
    }

    [Theory]
    [InlineData("vm.swappiness=1", 1)] // The priority is that of the section which is overridden ...
    [InlineData("priority=-5", 2)] // ... unless it is given.
    public void The_section_of_the_highest_priority_is_written_last(string profile, int value)
    {
        File("etc/tuned/active_profile", "a");
        File("etc/tuned/a/tuned.conf", "[main]\ninclude=b\n[sysctl]\n" + profile);
        File("etc/tuned/b/tuned.conf", Sets(1) + "\npriority=5\n[more]\ntype=sysctl\nnet.netfilter.nf_conntrack_acct=2");
        Assert.Equal(value, (int?)Tuned.Sets(SysctlNames.Accounting)?.Value);
    }

    [Theory]
    [InlineData("[sysctl]\nnet.netfilter.nf_conntrack_acct = \"1\"", 1)]
    [InlineData("[sysctl]\nnet.netfilter.nf_conntrack_acct = 1 #set", 1)]
    [InlineData("[sysctl] #for us\nnet.netfilter.nf_conntrack_acct = 1", 1)]
    [InlineData("net.netfilter.nf_conntrack_acct = 1\n[sysctl]", null)]
    [InlineData("[sysctl]\nnet.netfilter.nf_conntrack_acct = \">1\"", 1)]
    [InlineData("[sysctl]\nnet.netfilter.nf_conntrack_acct = >1 # at least", 1)]
    [InlineData("[sysctl]\n;net.netfilter.nf_conntrack_acct = 1", null)]
    [InlineData("[sysctl]\nnet.netfilter.nf_conntrack_acct = 1\nnet.netfilter.nf_conntrack_acct = 0", 0)]
    [InlineData("[main]\nnet.netfilter.nf_conntrack_acct = 1", null)]
    [InlineData("[other]\nnet.netfilter.nf_conntrack_acct = 1", null)]
    [InlineData("[other]\ntype=sysctl\nnet.netfilter.nf_conntrack_acct = 1", 1)]
    [InlineData("[sysctl]\ninclude=b", null)]
    [InlineData("[sysctl]\nnet.core.nf_conntrack_acct = 1", null)]
    public void Only_sections_for_sysctls_set_one(string profile, int? value)
    {
        File("etc/tuned/active_profile", "a");
        File("etc/tuned/a/tuned.conf", profile);
        File("etc/tuned/b/tuned.conf", Sets(7));
        Assert.Equal(value, (int?)Tuned.Sets(SysctlNames.Accounting)?.Value);
        Assert.Equal(value is not null, Tuned.Find(SysctlNames.Accounting, value) is not null);
        Assert.Null(Tuned.Find(SysctlNames.Accounting, 77));
    }

    [Theory]
    [InlineData("options nf_conntrack hashsize=\"65536\"", 65_536)]
    [InlineData("options\tnf_conntrack\thashsize=65536", 65_536)]
    [InlineData("options nf_conntrack hashsize=1 hashsize=65536", 65_536)]
    [InlineData("options nf_conntrack expect_hashsize=65536", null)]
    [InlineData("options nf_conntrack hashsize=lots", null)]
    [InlineData("options nf_conntrack hashsize=99999999999", null)]
    [InlineData("options nf_conntrack_ipv4 hashsize=65536", null)]
    [InlineData("install nf_conntrack hashsize=65536", null)]
    public void Only_the_modules_own_option_counts(string line, int? buckets)
    {
        File("etc/modprobe.d/x.conf", line);
        Assert.Equal(buckets is null ? null : "/etc/modprobe.d/x.conf", Modules.Find(SysctlNames.Buckets, 65_536));
        Assert.Equal(buckets is null ? null : "/etc/modprobe.d/x.conf", Modules.Find(SysctlNames.Max, 8 * 65_536));
        Assert.Null(Modules.Find(SysctlNames.Buckets, 131_072));
        Assert.Null(Modules.Find(SysctlNames.Accounting, 65_536));
    }

    [Fact]
    public void Of_modprobes_files_the_first_directory_has_a_name_and_the_last_name_is_told()
    {
        File("lib/modprobe.d/b.conf", "options nf_conntrack hashsize=65536");
        File("usr/lib/modprobe.d/a.conf", "options nf_conntrack hashsize=65536");
        Assert.Equal("/lib/modprobe.d/b.conf", Modules.Find(SysctlNames.Buckets, 65_536));
        Assert.Equal("/lib/modprobe.d/b.conf", Modules.Find(SysctlNames.Buckets, null));
        File("run/modprobe.d/b.conf", "# nothing");
        Assert.Equal("/usr/lib/modprobe.d/a.conf", Modules.Find(SysctlNames.Buckets, 65_536));
        File("usr/lib/modprobe.d/c.txt", "options nf_conntrack hashsize=65536");
        Assert.Equal("/usr/lib/modprobe.d/a.conf", Modules.Find(SysctlNames.Buckets, 65_536));
    }

    [Fact]
    public void A_file_that_is_too_long_to_be_settings_and_a_chain_of_too_many_links_are_not_read()
    {
        var files = new HostFiles(_root.FullName);
        File("etc/large", new string('x', 1 << 20));
        Assert.Null(files.Lines("etc/large"));
        File("etc/small", new string('x', (1 << 20) - 1));
        Assert.NotNull(files.Lines("etc/small"));
        Assert.Null(files.Lines("etc/none"));

        File("etc/0", "end");
        for (var i = 1; i <= 8; i++)
        {
            System.IO.File.CreateSymbolicLink(Path.Combine(_root.FullName, $"etc/{i}"), i % 2 == 0 ? $"/etc/{i - 1}" : $"{i - 1}");
        }

        Assert.Equal(["end"], files.Lines("etc/7")!);
        Assert.Null(files.Lines("etc/8"));
        Assert.Empty(files.Names("etc/none", ".conf"));
    }

    private TunedProfiles Tuned => new(new HostFiles(_root.FullName));

    private ModuleOptions Modules => new(new HostFiles(_root.FullName));

    private static string Sets(int value) => $"[sysctl]\nnet.netfilter.nf_conntrack_acct = {value}";

    private void File(string path, string content)
    {
        var file = Path.Combine(_root.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        System.IO.File.WriteAllText(file, content + "\n");
    }
}
