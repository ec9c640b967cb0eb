using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Audit.CommandLine.Tests.Deploy;

/// <summary>
/// Machines on a network of their own: each has a namespace of the kernel's, and hangs at a bridge in one more. Nothing of it
/// reaches this machine's own network, but for what these tests open there themselves.
/// </summary>
internal sealed class PrivateNetwork : IAsyncDisposable
{
    private const string Net = "172.31.53";
    private const int Bridge = 254;

    private readonly string prefix = $"audit-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..6]}";
    private readonly Dictionary<string, string> addresses = [];
    private readonly List<IDisposable> open = [];

    private PrivateNetwork()
    {
    }

    private string Switch => $"{prefix}-switch";

    /// <summary>Why there can be none here, or null.</summary>
    public static string? Unavailable { get; } =
        OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess ? "only root makes namespaces"
        : new[] { "ip", "nsenter", "unshare", "setpriv", "chroot", "openssl" }.FirstOrDefault(IsMissing) is { } missing
            ? $"no program {missing}"
        : !MayMakeNamespaces() ? "no namespaces may be made here"
        : null;

    /// <param name="machines">Names with the last number of their address.</param>
    public static async Task<PrivateNetwork> CreateAsync(params (string Name, int Number)[] machines)
    {
        var network = new PrivateNetwork();
        await RunAsync("ip", "netns", "add", network.Switch);
        await network.IpAsync(network.Switch, "link", "set", "lo", "up");
        await network.IpAsync(network.Switch, "link", "add", "bridge", "type", "bridge");
        await network.IpAsync(network.Switch, "addr", "add", $"{Net}.{Bridge}/24", "dev", "bridge");
        await network.IpAsync(network.Switch, "link", "set", "bridge", "up");
        foreach (var (name, number) in machines)
        {
            var place = network.NamespaceOf(name);
            network.addresses[name] = $"{Net}.{number}";
            await RunAsync("ip", "netns", "add", place);
            await network.IpAsync(
                network.Switch, "link", "add", $"port{number}", "type", "veth", "peer", "name", "eth0", "netns", place);
            await network.IpAsync(network.Switch, "link", "set", $"port{number}", "master", "bridge", "up");
            await network.IpAsync(place, "addr", "add", $"{Net}.{number}/24", "dev", "eth0");
            await network.IpAsync(place, "link", "set", "eth0", "up");
            await network.IpAsync(place, "link", "set", "lo", "up");
        }

        return network;
    }

    public string PathOf(string machine) => $"/run/netns/{NamespaceOf(machine)}";

    public string AddressOf(string machine) => addresses[machine];

    /// <summary>As /etc/hosts has them.</summary>
    public string Hosts => "127.0.0.1 localhost\n" + string.Concat(addresses.Select(one => $"{one.Value} {one.Key}\n"));

    /// <summary>A machine that is only a way to a port of the test's own machine.</summary>
    public async Task RelayAsync(string name, int number, int port, int target)
    {
        addresses[name] = $"{Net}.{number}";
        await IpAsync(Switch, "addr", "add", $"{Net}.{number}/24", "dev", "bridge");
        var listener = Within(() =>
        {
            var made = new TcpListener(IPAddress.Parse(addresses[name]), port);
            made.Start();
            return made;
        });
        open.Add(listener);
        _ = RelayAsync(listener, target);
    }

    /// <summary>A client that comes from the network's bridge.</summary>
    public HttpClient Client(bool trustsAll = false)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = Within(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                try
                {
                    var host = addresses.GetValueOrDefault(context.DnsEndPoint.Host, context.DnsEndPoint.Host);
                    await socket.ConnectAsync(IPAddress.Parse(host), context.DnsEndPoint.Port, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        if (trustsAll)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        }

        var client = new HttpClient(handler);
        open.Add(client);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        open.ForEach(one => one.Dispose());
        foreach (var place in addresses.Keys.Select(NamespaceOf).Where(place => File.Exists($"/run/netns/{place}")).Append(Switch))
        {
            await RunAsync("ip", "netns", "del", place);
        }
    }

    private string NamespaceOf(string machine) => $"{prefix}-{machine.Split('.')[0]}";

    private Task IpAsync(string place, params string[] arguments) => RunAsync("ip", ["-n", place, .. arguments]);

    private static async Task RelayAsync(TcpListener listener, int target)
    {
        while (true)
        {
            Socket come;
            try
            {
                come = await listener.AcceptSocketAsync();
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = PassAsync(come, target);
        }
    }

    private static async Task PassAsync(Socket come, int target)
    {
        using var client = new NetworkStream(come, ownsSocket: true);
        using var connection = new TcpClient();
        try
        {
            await connection.ConnectAsync(IPAddress.Loopback, target);
            var server = connection.GetStream();
            await Task.WhenAny(client.CopyToAsync(server), server.CopyToAsync(client));
        }
        catch (Exception ended) when (ended is IOException or SocketException)
        {
            // Either end may be cut at any time.
        }
    }

    /// <summary>What a thread opens there stays there; the thread is thrown away.</summary>
    private T Within<T>(Func<T> work)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var place = File.OpenHandle($"/run/netns/{Switch}");
                result = SetNamespace(place.DangerousGetHandle().ToInt32(), 0) == 0
                    ? work()
                    : throw new IOException($"The namespace cannot be entered: error {Marshal.GetLastPInvokeError()}.");
            }
            catch (Exception thrown)
            {
                failure = thrown;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new InvalidOperationException(failure.Message, failure);
    }

    private static bool IsMissing(string program) =>
        !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(path => File.Exists(Path.Combine(path, program)));

    private static bool MayMakeNamespaces()
    {
        using var tried = Process.Start(new ProcessStartInfo("unshare", ["--mount", "--net", "mount", "--make-rprivate", "/"])
        {
            RedirectStandardError = true,
        })!;
        tried.WaitForExit();
        return tried.ExitCode == 0;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error}");
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static extern int SetNamespace(int handle, int kind);
}
