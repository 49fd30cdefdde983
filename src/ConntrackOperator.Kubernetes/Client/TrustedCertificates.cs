using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>Trusts exactly the authorities in a PEM file, and notices when they are replaced.</summary>
internal sealed class TrustedCertificates
{
    private static readonly Oid _serverAuthentication = new("1.3.6.1.5.5.7.3.1");

    private readonly Lock _lock = new();
    private readonly string _path;
    private X509Certificate2Collection _authorities;
    private string _pem;

    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="CryptographicException">It holds no certificate.</exception>
    public TrustedCertificates(string path)
    {
        _path = path;
        _pem = File.ReadAllText(path);
        _authorities = Parse(_pem, path);
    }

    public bool Validate(object sender, X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        const SslPolicyErrors Final = SslPolicyErrors.RemoteCertificateNotAvailable | SslPolicyErrors.RemoteCertificateNameMismatch;
        if (certificate is null || (errors & Final) != 0)
        {
            return false;
        }

        // A connection is rare; the file is read for each so that a new authority counts at once.
        Refresh();
        using var server = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(_serverAuthentication);
        lock (_lock)
        {
            chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        }

        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        }

        return chain.Build(server);
    }

    private void Refresh()
    {
        try
        {
            var pem = File.ReadAllText(_path);
            lock (_lock)
            {
                if (pem != _pem)
                {
                    _authorities = Parse(pem, _path);
                    _pem = pem;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            // What was trusted before still is.
        }
    }

    private static X509Certificate2Collection Parse(string pem, string path)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(pem);
        return authorities.Count > 0 ? authorities : throw new CryptographicException($"{path} holds no certificate.");
    }
}
