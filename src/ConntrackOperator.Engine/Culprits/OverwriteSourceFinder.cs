namespace ConntrackOperator.Engine.Culprits;

/// <summary>
/// Looks into what applies settings at boot and afterwards: files of sysctls, ufw, tuned, the module's options, kube-proxy. Names
/// only what it can read there and what gives the value that was found.
/// </summary>
public sealed class OverwriteSourceFinder : IOverwriteSourceFinder
{
    private readonly SysctlFiles _sysctls;
    private readonly TunedProfiles _tuned;
    private readonly ModuleOptions _module;
    private readonly KubeProxy _kubeProxy;

    /// <summary>Looks below a directory.</summary>
    /// <param name="hostRoot">Where the host's root file system is seen: / on the host, what is mounted in the agent's pod.</param>
    /// <param name="procPath">Where procfs is mounted.</param>
    public OverwriteSourceFinder(string hostRoot = "/", string procPath = "/proc")
    {
        var files = new HostFiles(hostRoot);
        _sysctls = new SysctlFiles(files);
        _tuned = new TunedProfiles(files);
        _module = new ModuleOptions(files);
        _kubeProxy = new KubeProxy(procPath);
    }

    /// <summary>
    /// What sets a key at boot, or when a service starts, whatever the kernel holds now: files of sysctls, ufw, tuned's active profile.
    /// Each with its value.
    /// </summary>
    /// <param name="name">The sysctl's name under net.netfilter.</param>
    public IReadOnlyList<BootSetting> AtBoot(string name)
    {
        var found = new List<BootSetting>();
        if (_sysctls.AtBoot(name) is { } file)
        {
            found.Add(new BootSetting(file.File, file.Value, "take the line out there"));
        }

        if (_sysctls.UfwStart(name) is { } ufw)
        {
            found.Add(new BootSetting($"{ufw.File}, whenever ufw starts,", ufw.Value, "take the line out there"));
        }

        if (_tuned.Sets(name) is { } tuned)
        {
            found.Add(
                new BootSetting(
                    $"{tuned.File}, tuned's active profile,", tuned.Value,
                    "take the line out of its section [sysctl], or choose another profile"));
        }

        return found;
    }

    /// <inheritdoc />
    public string Describe(string name, long? found)
    {
        if (_sysctls.Find(name, found) is { } file)
        {
            return $"{file} sets it: take the line out there";
        }

        if (_sysctls.FindUfw(name, found) is { } ufw)
        {
            return $"{ufw} sets it whenever ufw starts: take the line out there";
        }

        if (_tuned.Find(name, found) is { } tuned)
        {
            return $"{tuned.File} sets it, for tuned's active profile {tuned.Active}: take the line out of its section [sysctl], or "
                + "choose another profile";
        }

        if (_module.Find(name, found) is { } options)
        {
            return $"{options} sets it whenever the module is loaded: take hashsize out of the options of nf_conntrack there";
        }

        return KubeProxy.Remedy(name) is { } remedy && _kubeProxy.IsHere()
            ? $"kube-proxy runs here and sets it when it starts: set {remedy} in its configuration"
            : "look for a start-up script, a tuned profile or another DaemonSet that writes it";
    }
}
