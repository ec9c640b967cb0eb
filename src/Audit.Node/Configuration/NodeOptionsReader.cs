using System.Net;
using Microsoft.AspNetCore.Http;

namespace Audit.Node.Configuration;

/// <summary>Makes the options of a node from what was given, and refuses what cannot be meant.</summary>
public static class NodeOptionsReader
{
    private const string AcceptedUrls =
        "one address or several with ; between, each http:// or https:// with a host and a port, such as "
            + "http://127.0.0.1:5080";

    private const string RedactionOff = "off";
    private const int LongestReason = 1000;

    private static readonly NodeOptions Defaults = new();

    /// <exception cref="OptionException">An option is not accepted.</exception>
    public static NodeOptions Read(GivenOptions given)
    {
        var usesAkka = ReadUsesAkka(given[GivenOptions.Engine]);
        var data = ReadData(given[GivenOptions.Data]);
        var urls = ReadUrls(given[GivenOptions.Urls]);
        var redaction = given[GivenOptions.Redaction];
        var witnesses = ReadWitnesses(given[GivenOptions.Witness]);
        return new NodeOptions
        {
            UsesAkka = usesAkka,
            Hocon = ReadHocon(given[GivenOptions.Hocon], usesAkka),
            Data = data,
            Store = ReadStore(given[GivenOptions.Store], data),
            Urls = urls,
            MaxWindow = ReadLength(given[GivenOptions.MaxWindow], Defaults.MaxWindow),
            LogOrigin = ReadLogOrigin(given[GivenOptions.LogOrigin]),
            LogKey = ReadKeyFile(given[GivenOptions.LogKey], "log"),
            LogSigners = given[GivenOptions.LogSigner]?.Value.Split(
                '\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [],
            RowKey = ReadKeyFile(given[GivenOptions.RowKey], "store"),
            PublicLog = ReadFlag(given[GivenOptions.PublicLog]),
            Certificate = ReadCertificate(given[GivenOptions.Certificate], given[GivenOptions.CertificateKey], urls),
            TrustedProxy = ReadProxy(given[GivenOptions.TrustProxy]),
            InsecureHttp = ReadFlag(given[GivenOptions.InsecureHttp]),
            InsecureRemoting = ReadFlag(given[GivenOptions.InsecureRemoting]),
            Quotas = ReadQuotas(given[GivenOptions.Quotas]),
            Redaction = ReadRedaction(redaction),
            RedactionFile = redaction is null or { Value: RedactionOff } ? null : redaction.Value,
            Witnesses = witnesses.Count == 0 ? Defaults.Witnesses : witnesses,
            WitnessQuorum = ReadQuorum(given[GivenOptions.WitnessQuorum], witnesses.Count),
            MaxUnwitnessed = ReadLength(given[GivenOptions.MaxUnwitnessed], Defaults.MaxUnwitnessed),
            CheckpointTo = ReadCheckpointTo(given[GivenOptions.CheckpointTo]),
            MaxUnsealed = ReadLength(given[GivenOptions.MaxUnsealed], Defaults.MaxUnsealed),
            AllowSelfApproval = ReadFlag(given[GivenOptions.AllowSelfApproval]),
            Policy = ReadPolicy(given[GivenOptions.Policy]),
            AcceptSetBack = ReadReason(given[GivenOptions.AcceptSetBack]),
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
                $"{hocon.Where} \"{hocon.Value}\" is not accepted: it configures the Akka.NET engine, and the engine "
                    + "is local.");
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
            return StoreNote.Read(data);
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

    private static TimeSpan ReadLength(GivenOption? length, TimeSpan otherwise)
    {
        if (length is null)
        {
            return otherwise;
        }

        return DurationText.TryParse(length.Value, out var read)
            ? read
            : throw length.NotAccepted(DurationText.Accepted);
    }

    private static string? ReadLogOrigin(GivenOption? origin) =>
        origin is null || KeyName.IsValid(origin.Value) ? origin?.Value : throw origin.NotAccepted(KeyName.Accepted);

    private static string? ReadKeyFile(GivenOption? key, string whose) =>
        key is null || (IsPath(key.Value) && !Directory.Exists(key.Value))
            ? key?.Value
            : throw key.NotAccepted($"the path of a file, which is made for a new {whose}");

    private static List<WitnessAddress> ReadWitnesses(GivenOption? witnesses)
    {
        try
        {
            return
            [
                .. (witnesses?.Value ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(WitnessAddress.Parse),
            ];
        }
        catch (NoteFormatException)
        {
            throw witnesses!.NotAccepted($"{WitnessAddress.Accepted}; several with spaces between");
        }
    }

    private static int ReadQuorum(GivenOption? quorum, int witnesses)
    {
        if (quorum is null)
        {
            return witnesses;
        }

        return int.TryParse(quorum.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= 1 && number <= witnesses
            ? number
            : throw quorum.NotAccepted($"a number from 1 to that of the witnesses, {witnesses}");
    }

    private static string? ReadCheckpointTo(GivenOption? place) =>
        place is null || (IsPath(place.Value) && !Directory.Exists(place.Value))
            ? place?.Value
            : throw place.NotAccepted("the path of a file, or an address http:// or https://");

    private static string? ReadReason(GivenOption? reason) =>
        reason is null || (!string.IsNullOrWhiteSpace(reason.Value) && reason.Value.Length <= LongestReason)
            ? reason?.Value
            : throw reason.NotAccepted($"a sentence of at most {LongestReason} characters");

    private static bool ReadFlag(GivenOption? flag) => flag?.Value.ToLowerInvariant() switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw flag!.NotAccepted("true or false"),
    };

    private static CertificateFiles? ReadCertificate(GivenOption? file, GivenOption? key, string urls)
    {
        if (file is null)
        {
            return key is null
                ? null
                : throw new OptionException(
                    $"{key.Where} \"{key.Value}\" is not accepted: there is no certificate for it.");
        }

        if (!urls.Split(';').Any(url => url.StartsWith("https:", StringComparison.OrdinalIgnoreCase)))
        {
            throw new OptionException(
                $"{file.Where} \"{file.Value}\" is not accepted: none of the addresses {urls} begins with https://.");
        }

        return new CertificateFiles(RequireFile(file), key is null ? null : RequireFile(key));
    }

    private static string RequireFile(GivenOption file) => File.Exists(file.Value)
        ? file.Value
        : throw file.NotAccepted("the path of a file that is there");

    private static IPNetwork? ReadProxy(GivenOption? proxy)
    {
        if (proxy is null)
        {
            return null;
        }

        return IPNetwork.TryParse(proxy.Value, out var network) ? network
            : IPAddress.TryParse(proxy.Value, out var address)
                ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
            : throw proxy.NotAccepted("an IP address, or a network such as 10.1.2.0/29");
    }

    private static QuotaLimits ReadQuotas(GivenOption? quotas) =>
        quotas is null ? Defaults.Quotas
        : QuotaLimits.TryParse(quotas.Value) ?? throw quotas.NotAccepted(QuotaLimits.Accepted);

    private static RedactionRules? ReadRedaction(GivenOption? redaction)
    {
        if (redaction is null or { Value: RedactionOff })
        {
            return redaction is null ? RedactionRules.Default : null;
        }

        try
        {
            return RedactionRules.Parse(File.ReadAllBytes(redaction.Value));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw redaction.NotAccepted($"off, or the path of a file that can be read ({failure.Message})");
        }
        catch (UnreadableException failure)
        {
            throw redaction.NotAccepted($"off, or the path of a file with rules ({failure.Message})");
        }
    }

    private static string? ReadPolicy(GivenOption? policy)
    {
        try
        {
            _ = policy is null ? null : PolicyFile.Parse(File.ReadAllBytes(policy.Value));
            return policy?.Value;
        }
        catch (Exception failure) when (failure
            is IOException or UnauthorizedAccessException or ArgumentException or UnreadableException)
        {
            throw policy!.NotAccepted($"the path of a file with a policy ({failure.Message})");
        }
    }

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

/// <summary>What a data directory says of the store that belongs to it.</summary>
internal static class StoreNote
{
    public static string In(string data) => Path.Combine(data, "store");

    /// <summary>The store that lies in the directory.</summary>
    public static string Usual(string data) => "sqlite:" + Path.Combine(data, "journal.db");

    /// <summary>The store that a node on the directory had last; where none had another, the usual one.</summary>
    /// <exception cref="OptionException">It cannot be read.</exception>
    public static string Read(string data)
    {
        try
        {
            var noted = File.Exists(In(data)) ? File.ReadAllText(In(data)).TrimEnd('\n') : Usual(data);
            return StoreAddress.TryParse(noted) is not null ? noted : throw NotUnderstood(data, StoreAddress.Accepted);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw NotUnderstood(data, failure.Message);
        }
    }

    private static OptionException NotUnderstood(string data, string why) =>
        new($"The store that {In(data)} names is not accepted ({why}); give it with --store.");
}
