using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.TestKit;

/// <summary>An API server for tests: the fake API server or the real one.</summary>
public interface IApiServer
{
    /// <summary>Its URL.</summary>
    Uri BaseAddress { get; }

    /// <summary>A token that may do everything.</summary>
    string Token { get; }

    /// <summary>Whether it is Kubernetes' own code.</summary>
    bool IsReal { get; }

    /// <summary>A client of the runtime under test.</summary>
    ApiClient CreateClient(ApiClientOptions? options = null, TimeProvider? time = null);

    /// <summary>A plain client that sends the token. The caller disposes it.</summary>
    HttpClient CreateHttpClient();
}
