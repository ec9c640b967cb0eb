using Microsoft.AspNetCore.Http;

namespace Audit.Node.Configuration;

/// <summary>Makes the options of a node from what was given, and refuses what cannot be meant.</summary>
public static class NodeOptionsReader
{
    private const string AcceptedUrls =
        "one address or several with ; between, each http:// or https:// with a host and a port, such as http://127.0.0.1:5080";

    private static readonly NodeOptions Defaults = new();

    /// <exception cref="OptionException">An option is not accepted.</exception>
    public static NodeOptions Read(GivenOptions given)
    {
        var usesAkka = ReadUsesAkka(given[GivenOptions.Engine]);
        var data = ReadData(given[GivenOptions.Data]);
        return new NodeOptions
        {
            UsesAkka = usesAkka,
            Hocon = ReadHocon(given[GivenOptions.Hocon], usesAkka),
            Data = data,
            Store = ReadStore(given[GivenOptions.Store], data),
            Urls = ReadUrls(given[GivenOptions.Urls]),
            MaxWindow = ReadMaxWindow(given[GivenOptions.MaxWindow]),
            LogOrigin = ReadLogOrigin(given[GivenOptions.LogOrigin]),
            LogKey = ReadLogKey(given[GivenOptions.LogKey]),
            PublicLog = ReadPublicLog(given[GivenOptions.PublicLog]),
        };
    }

    private static bool ReadUsesAkka(GivenOption? engine) => engine?.Value switch
    {
        null or "local" => false,
        "akka" when AkkaNode.LeftOut is { } why =>
            throw new OptionException($"{engine.Where} \"akka\" is not accepted: {why}. Accepted is local."),
        "akka" => true,
        _ => throw engine.NotAccepted("local or akka"),
    };

    private static string? ReadHocon(GivenOption? hocon, bool usesAkka)
    {
        if (hocon is null)
        {
            return null;
        }

        if (!usesAkka)
        {
            throw new OptionException(
                $"{hocon.Where} \"{hocon.Value}\" is not accepted: it configures the Akka.NET engine, and the engine is local.");
        }
        try
        {
            return File.ReadAllText(hocon.Value);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw hocon.NotAccepted($"the path of a file that can be read ({failure.Message})");
        }
    }

    private static string ReadData(GivenOption? data)
    {
        if (data is null)
        {
            return Defaults.Data;
        }

        if (!IsPath(data.Value) || File.Exists(data.Value))
        {
            throw data.NotAccepted("the path of a directory, which is made when it is missing");
        }

        return data.Value;
    }

    private static string ReadStore(GivenOption? store, string data)
    {
        if (store is null)
        {
            return "sqlite:" + Path.Combine(data, "journal.db");
        }

        return StoreAddress.TryParse(store.Value) is { } address
            && (!address.IsSqlite || (IsPath(address.Place) && !Directory.Exists(address.Place)))
            ? store.Value
            : throw store.NotAccepted(StoreAddress.Accepted);
    }

    private static string ReadUrls(GivenOption? urls)
    {
        if (urls is null)
        {
            return Defaults.Urls;
        }

        var each = urls.Value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return each.Length > 0 && Array.TrueForAll(each, IsAddress)
            ? string.Join(';', each)
            : throw urls.NotAccepted(AcceptedUrls);
    }

    private static TimeSpan ReadMaxWindow(GivenOption? length)
    {
        if (length is null)
        {
            return Defaults.MaxWindow;
        }

        return DurationText.TryParse(length.Value, out var window)
            ? window
            : throw length.NotAccepted(DurationText.Accepted);
    }

    private static string? ReadLogOrigin(GivenOption? origin) =>
        origin is null || KeyName.IsValid(origin.Value) ? origin?.Value : throw origin.NotAccepted(KeyName.Accepted);

    private static string? ReadLogKey(GivenOption? key) =>
        key is null || (IsPath(key.Value) && !Directory.Exists(key.Value))
            ? key?.Value
            : throw key.NotAccepted("the path of a file, which is made for a new log");

    private static bool ReadPublicLog(GivenOption? isPublic) => isPublic?.Value.ToLowerInvariant() switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw isPublic!.NotAccepted("true or false"),
    };

    private static bool IsPath(string text) => !string.IsNullOrWhiteSpace(text) && !text.Contains('\0');

    // The framework's own reader, so that what is accepted here is what the server can listen on.
    private static bool IsAddress(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            return address.Scheme is "http" or "https" && address.PathBase.Length == 0
                && address.Port is >= 0 and <= 65535
                && !url.Any(char.IsWhiteSpace);
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
