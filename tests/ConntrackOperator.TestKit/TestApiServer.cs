using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.TestKit;

/// <summary>
/// A real API server over a real etcd, in processes of their own, for as long as the fixture lives. Needs either
/// TEST_APISERVER and ETCD, each the path of a binary, or KUBEBUILDER_ASSETS, a directory with kube-apiserver and etcd.
/// </summary>
public sealed partial class TestApiServer : IApiServer, IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("test-apiserver-").FullName;
    private readonly List<Process> _processes = [];
    private readonly Binaries _binaries;
    private Process? _server;
    private int _port;

    private readonly string[] _flags;

    private TestApiServer(Binaries binaries, string[] flags)
    {
        _binaries = binaries;
        _flags = flags;
    }

    /// <summary>Why there can be no such server here; null: there can.</summary>
    public static string? Unavailable => Binaries.Find(out _);

    public Uri BaseAddress { get; private set; } = new("https://127.0.0.1:0");

    public string Token { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    public bool IsReal => true;

    /// <summary>The URL of its etcd.</summary>
    public string EtcdUrl { get; private set; } = "";

    /// <summary>A kubeconfig for kubectl and helm.</summary>
    public string KubeconfigPath => Path.Combine(_directory, "kubeconfig");

    /// <summary>The PEM file of the authority to trust.</summary>
    public string CertificateAuthorityFile => Path.Combine(_directory, "ca.crt");

    /// <summary>A file with the token.</summary>
    public string TokenFile => Path.Combine(_directory, "token");

    /// <summary>Starts one.</summary>
    /// <param name="flags">More flags for it.</param>
    /// <exception cref="InvalidOperationException">There is none here, or it does not start.</exception>
    public static async Task<TestApiServer> StartAsync(params string[] flags)
    {
        if (Binaries.Find(out var binaries) is { } reason)
        {
            throw new InvalidOperationException(reason);
        }

        var server = new TestApiServer(binaries!, flags);
        try
        {
            await File.WriteAllTextAsync(server.TokenFile, server.Token);
            await server.StartEtcdAsync();
            await server.StartServerAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A name for this test alone.</summary>
    public static string UniqueName(string prefix) => $"{prefix}-{Guid.NewGuid():N}"[..Math.Min(60, prefix.Length + 9)];

    public ApiClient CreateClient(ApiClientOptions? options = null, TimeProvider? time = null) => new ServerConnection
    {
        Server = BaseAddress,
        CertificateAuthorityFile = CertificateAuthorityFile,
        TokenFile = TokenFile,
    }.Connect(options, time);

    public HttpClient CreateHttpClient()
    {
        var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        var http = new HttpClient(handler) { BaseAddress = BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        return http;
    }

    /// <summary>Stops the API server and starts it again on the same port, with the same objects.</summary>
    public async Task RestartAsync()
    {
        await StopAsync(_server!);
        await StartServerAsync();
    }

    /// <summary>Expires all old versions in etcd. Two changes have to have happened since the version to expire.</summary>
    public async Task CompactAsync(string revision)
    {
        using var http = new HttpClient();
        using var body = new StringContent($$"""{"revision":"{{revision}}","physical":true}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri($"{EtcdUrl}/v3/kv/compaction"), body);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
        {
            await StopAsync(process);
            process.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private async Task StartEtcdAsync()
    {
        EtcdUrl = $"http://127.0.0.1:{FreePort.Next()}";
        var peers = $"http://127.0.0.1:{FreePort.Next()}";
        Start(
            _binaries.Etcd,
            "--data-dir", Path.Combine(_directory, "etcd"), "--listen-client-urls", EtcdUrl, "--advertise-client-urls", EtcdUrl,
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", $"default={peers}");
        using var http = new HttpClient();
        await UntilAsync("etcd", async () => (await http.GetAsync(new Uri($"{EtcdUrl}/health"))).IsSuccessStatusCode);
    }

    private async Task StartServerAsync()
    {
        _port = _port == 0 ? FreePort.Next() : _port;
        BaseAddress = new($"https://127.0.0.1:{_port}");
        var certificates = Path.Combine(_directory, "certificates");
        List<string> arguments =
        [
            "--etcd-servers", EtcdUrl, "--secure-port", $"{_port}", "--bind-address", "127.0.0.1", "--cert-dir", certificates, .. _flags,
        ];
        if (_binaries.IsKubeApiServer)
        {
            var tokens = Path.Combine(_directory, "tokens.csv");
            await File.WriteAllTextAsync(tokens, $"{Token},test-admin,test-admin,\"system:masters\"\n");
            var key = Path.Combine(_directory, "service-accounts.key");
            using (var rsa = RSA.Create(2048))
            {
                await File.WriteAllTextAsync(key, rsa.ExportPkcs8PrivateKeyPem());
            }

            arguments.AddRange(
            [
                "--token-auth-file", tokens, "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24",
                "--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", key,
                "--service-account-signing-key-file", key, "--disable-admission-plugins", "ServiceAccount",
            ]);
        }
        else
        {
            File.Delete(KubeconfigPath);
            arguments.AddRange(["--token", Token, "--kubeconfig-out", KubeconfigPath]);
        }

        _server = Start(_binaries.ApiServer, [.. arguments]);
        using var http = CreateHttpClient();
        await UntilAsync("the API server", async () => (await http.GetAsync(new Uri("/readyz", UriKind.Relative))).IsSuccessStatusCode);
        await WriteCredentialsAsync(certificates);
    }

    private async Task WriteCredentialsAsync(string certificates)
    {
        if (_binaries.IsKubeApiServer)
        {
            // Its generated certificate signs for itself.
            File.Copy(Path.Combine(certificates, "apiserver.crt"), CertificateAuthorityFile, overwrite: true);
            await File.WriteAllTextAsync(KubeconfigPath, $$$"""
                {"apiVersion": "v1", "kind": "Config", "current-context": "test",
                 "clusters": [{"name": "test", "cluster": {"server": "{{{BaseAddress}}}", "certificate-authority": "{{{CertificateAuthorityFile}}}"}}],
                 "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
                 "users": [{"name": "test", "user": {"token": "{{{Token}}}"}}]}
                """);
            return;
        }

        await UntilAsync("the kubeconfig", () => Task.FromResult(File.Exists(KubeconfigPath) && new FileInfo(KubeconfigPath).Length > 0));
        var text = await File.ReadAllTextAsync(KubeconfigPath);
        var data = AuthorityData().Match(text);
        await File.WriteAllTextAsync(CertificateAuthorityFile, Encoding.UTF8.GetString(Convert.FromBase64String(data.Groups[1].Value)));
    }

    [GeneratedRegex("certificate-authority-data\"?: *\"?([A-Za-z0-9+/=]+)")]
    private static partial Regex AuthorityData();

    private Process Start(string file, params string[] arguments)
    {
        var log = Path.Combine(_directory, Path.GetFileName(file) + ".log");
        // The shell only redirects: what the server says is wanted when it does not start.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(log);
        start.ArgumentList.Add(file);
        Array.ForEach(arguments, start.ArgumentList.Add);
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} does not start.");
        _processes.Add(process);
        return process;
    }

    private async Task UntilAsync(string what, Func<Task<bool>> ready)
    {
        var started = Stopwatch.StartNew();
        while (started.Elapsed < TimeSpan.FromSeconds(60) && !_processes.Exists(process => process.HasExited && process == _processes[^1]))
        {
            try
            {
                if (await ready())
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(100);
        }

        var logs = Directory.GetFiles(_directory, "*.log")
            .Select(file => $"{file}:\n{string.Join('\n', File.ReadLines(file).TakeLast(20))}");
        throw new InvalidOperationException($"{what} did not get ready:\n{string.Join('\n', logs)}");
    }

    private static async Task StopAsync(Process process)
    {
        if (process.HasExited)
        {
            return;
        }

        Signals.Send(process, Signals.Terminate);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private sealed record Binaries(string ApiServer, string Etcd, bool IsKubeApiServer)
    {
        public static string? Find(out Binaries? found)
        {
            found = null;
            var server = Environment.GetEnvironmentVariable("TEST_APISERVER");
            var etcd = Environment.GetEnvironmentVariable("ETCD");
            var assets = Environment.GetEnvironmentVariable("KUBEBUILDER_ASSETS");
            if (!string.IsNullOrEmpty(server) && !string.IsNullOrEmpty(etcd))
            {
                found = new(server, etcd, false);
            }
            else if (!string.IsNullOrEmpty(assets))
            {
                found = new(Path.Combine(assets, "kube-apiserver"), Path.Combine(assets, "etcd"), true);
            }
            else
            {
                var missing = new[]
                {
                    ("TEST_APISERVER", server),
                    ("ETCD", etcd),
                }.Where(pair => string.IsNullOrEmpty(pair.Item2)).Select(pair => pair.Item1);
                return $"no real API server: {string.Join(" and ", missing)} not set (paths of the binaries), nor KUBEBUILDER_ASSETS (a "
                    + "directory with kube-apiserver and etcd)";
            }

            var absent = new[] { found.ApiServer, found.Etcd }.Where(file => !File.Exists(file)).ToList();
            return absent.Count == 0 ? null : $"no real API server: {string.Join(" and ", absent)} not there";
        }
    }
}
