using System.Net;
using System.Net.Sockets;

namespace ConntrackOperator.TestKit;

/// <summary>Ports that nobody listens on.</summary>
public static class FreePort
{
    /// <summary>One of the loopback address; free until somebody else takes it.</summary>
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
