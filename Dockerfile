FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY Directory.Build.props Directory.Build.targets Directory.Packages.props global.json .editorconfig ./
COPY build/ build/
COPY src/ src/
COPY hocon/ hocon/
# The Akka.NET engine is in if the feed serves its packages; true insists on it, false leaves it out.
ARG AKKA_ENGINE=
RUN dotnet publish src/Audit.Node -c Release -o /app ${AKKA_ENGINE:+-p:AkkaEngine=$AKKA_ENGINE}

FROM mcr.microsoft.com/dotnet/aspnet:10.0
COPY --from=build /app /app
# What lies there belongs to the node alone: the directories are made here, for a volume takes over its owner.
RUN install -d -m 700 -o app -g app /data /keys /secrets /proxy
USER app
WORKDIR /data
VOLUME /data
# The base image wants to listen on 8080, beside what the node is configured with. In the clear the node is reached from within the
# container alone. For others it wants a certificate, mounted and named by AUDIT__CERTIFICATE and AUDIT__CERTIFICATE_KEY; behind
# a proxy that speaks TLS set AUDIT__URLS=http://0.0.0.0:5080 and AUDIT__TRUST_PROXY to its address. Otherwise it ends with a
# sentence that says so.
ENV ASPNETCORE_HTTP_PORTS= \
    AUDIT__DATA=/data \
    AUDIT__URLS="http://127.0.0.1:5080;https://0.0.0.0:5443"
EXPOSE 5443 5080 4053
# The image has no curl; bash speaks HTTP well enough to read a status line.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/5080 && printf 'GET /health/ready HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["dotnet", "/app/audit.dll"]
CMD ["serve"]
