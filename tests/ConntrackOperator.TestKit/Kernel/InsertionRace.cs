using System.Net;
using System.Net.Sockets;

namespace ConntrackOperator.TestKit.Kernel;

/// <summary>
/// Packets that lose a race at insertion: two clients behind one translated address send the first packet of a new UDP flow
/// from the same source port at the same moment. Both get the same reply tuple, and the kernel drops the one that comes second
/// to the insertion (nf_ct_resolve_clash). What is sent goes out of a veth pair and is read by nobody.
/// </summary>
public sealed class InsertionRace
{
    private const int Pairs = 100;
    private const int FirstPort = 2000;
    private const int LastPort = 60_000;

    private readonly NetworkNamespace _space;
    private int _port = FirstPort;

    /// <summary>Makes the way out and the translation.</summary>
    /// <param name="space">The clients' network namespace. Needs the programs ip and nft.</param>
    public InsertionRace(NetworkNamespace space)
    {
        _space = space;
        space.Execute("ip", "-batch -", """
            link add out0 type veth peer name out1
            link set lo up
            link set out0 up
            link set out1 up
            addr add 10.92.0.1/24 dev out0
            addr add 10.92.1.1/32 dev lo
            addr add 10.92.1.2/32 dev lo
            neigh replace 10.92.0.2 lladdr 02:00:00:00:00:02 dev out0 nud permanent

            """);
        space.Execute("nft", "-f -", """
            table ip race {
              chain out { type nat hook postrouting priority 100; ip saddr 10.92.1.0/24 snat to 10.92.0.1; }
            }

            """);
    }

    /// <summary>Sends until enough packets were lost.</summary>
    /// <param name="enough">How many.</param>
    /// <param name="atMost">After how long to give up.</param>
    /// <returns>How many packets the kernel refused, as the senders saw it.</returns>
    public int Lose(int enough, TimeSpan atMost)
    {
        var begun = TimeProvider.System.GetTimestamp();
        var lost = 0;
        while (lost < enough && TimeProvider.System.GetElapsedTime(begun) < atMost)
        {
            lost += Round();
        }

        return lost;
    }

    private int Round()
    {
        // A socket belongs to the namespace of the thread that makes it, and can be used from any.
        var sockets = _space.Run(() => new[] { Open("10.92.1.1"), Open("10.92.1.2") });
        _port = _port + Pairs > LastPort - Pairs ? FirstPort : _port + Pairs;
        try
        {
            var (at, lost) = (new int[2], new int[2]);
            var threads = new Thread[2];
            for (var i = 0; i < 2; i++)
            {
                var me = i;
                threads[i] = new Thread(() => lost[me] = Send(sockets[me], at, me)) { IsBackground = true };
                threads[i].Start();
            }

            Array.ForEach(threads, t => t.Join());
            return lost.Sum();
        }
        finally
        {
            foreach (var socket in sockets.SelectMany(s => s))
            {
                socket.Dispose();
            }
        }
    }

    private Socket[] Open(string address) =>
    [
        .. Enumerable.Range(_port, Pairs).Select(port =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
            socket.Connect(IPAddress.Parse("10.92.0.2"), 53);
            return socket;
        }),
    ];

    private static int Send(Socket[] sockets, int[] at, int me)
    {
        var lost = 0;
        for (var i = 0; i < sockets.Length; i++)
        {
            Volatile.Write(ref at[me], i + 1);
            var wait = default(SpinWait);
            while (Volatile.Read(ref at[1 - me]) < i + 1)
            {
                // Spinning hits the moment; on a busy machine the other one needs the CPU.
                if (wait.Count < 1000)
                {
                    wait.SpinOnce(sleep1Threshold: -1);
                }
                else
                {
                    Thread.Yield();
                }
            }

            try
            {
                sockets[i].Send([1]);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
            {
                lost++;
            }
        }

        return lost;
    }
}
