using System.Net.Http.Headers;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>A token in a file that somebody renews, as the kubelet does with a service account's.</summary>
public sealed class BearerTokenFile
{
    // The kubelet renews a token when a fifth of its life is left, which is at least two minutes.
    private static readonly TimeSpan _readEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly TimeProvider _time;
    private string? _token;
    private long _readAt;

    /// <summary>Creates it; the file is read when a request needs it.</summary>
    public BearerTokenFile(string path, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Puts the token on a request.</summary>
    /// <exception cref="IOException">The file cannot be read, and never could.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read, and never could.</exception>
    public ValueTask AuthenticateAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Current());
        return ValueTask.CompletedTask;
    }

    /// <summary>Has the next request read the file: the server refused the token.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _readAt = long.MinValue;
        }
    }

    private string Current()
    {
        lock (_lock)
        {
            if (_token is not null && _readAt != long.MinValue && _time.GetElapsedTime(_readAt) < _readEvery)
            {
                return _token;
            }

            try
            {
                var token = File.ReadAllText(_path).Trim();
                _token = token.Length > 0 ? token : throw new IOException($"{_path} is empty.");
            }
            catch (Exception e) when (_token is not null && (e is IOException or UnauthorizedAccessException))
            {
                // Being replaced at this moment, perhaps. The old one may still be good.
            }

            _readAt = _time.GetTimestamp();
            return _token!;
        }
    }
}
